// OrderedNames: built at once from names in order, and checked as a whole.

#include <algorithm>

#include "base/strings.h"
#include "storage/index/ordered_names.h"

namespace memgrid::storage {

void OrderedNames::Clear() {
  std::vector<uint32_t> level;
  if (root_ != kNone) level.push_back(root_);
  for (size_t i = 0; i < height_; ++i) {
    std::vector<uint32_t> below;
    for (const uint32_t number : level) {
      const Inner& inner = inners_.At(number);
      below.insert(below.end(), inner.children, inner.children + inner.count);
      inners_.Delete(number);
    }
    level = std::move(below);
  }
  for (const uint32_t number : level) leaves_.Delete(number);
  root_ = kNone;
  height_ = leaf_count_ = fence_bytes_ = 0;
}

void OrderedNames::Build(const std::vector<Slot>& slots) {
  Clear();
  if (slots.empty()) return;
  std::vector<uint32_t> nodes;
  BuildLeaves(slots, &nodes);
  leaf_count_ = nodes.size();
  while (nodes.size() > 1) {
    BuildLevel(&nodes, height_ == 0);
    ++height_;
  }
  root_ = nodes.front();
}

void OrderedNames::BuildLeaves(const std::vector<Slot>& slots, std::vector<uint32_t>* nodes) {
  constexpr size_t kAhead = 16;
  const size_t count = (slots.size() + kBuildEntries - 1) / kBuildEntries;
  for (size_t i = 0; i < count; ++i) nodes->push_back(leaves_.New());
  for (size_t i = 0; i < count; ++i) {  // evenly: nobody is left with one entry
    const size_t from = slots.size() * i / count, to = slots.size() * (i + 1) / count;
    Leaf& leaf = leaves_.At((*nodes)[i]);
    if (i + 1 < count) {
      leaf.next = (*nodes)[i + 1];
      Fence& high = leaves_.At(leaf.next).fence;
      SetFence(high, Separator(slots[to - 1].record().name(), slots[to].record().name()));
      leaf.prefix = static_cast<uint32_t>(CommonPrefix(leaf.fence.get(), high.get())) & 2047u;
    }
    for (size_t j = from; j < to; ++j) {
      if (j + kAhead < slots.size()) __builtin_prefetch(slots[j + kAhead].address());
      const RootName name = slots[j].record().name();
      longest_name_ = std::max(longest_name_, name.name.size());
      leaf.entries[j - from] = Entry(table_.ShortOf(name), HintAt(name, leaf.prefix));
    }
    leaf.count = static_cast<uint32_t>(to - from) & 127u;
  }
}

// Puts a level of inner nodes over `nodes` and makes it `nodes`.
void OrderedNames::BuildLevel(std::vector<uint32_t>* nodes, bool above_leaves) {
  std::vector<uint32_t> level;
  const size_t count = (nodes->size() + kBuildChildren - 1) / kBuildChildren;
  for (size_t i = 0; i < count; ++i) {
    const size_t from = nodes->size() * i / count, to = nodes->size() * (i + 1) / count;
    level.push_back(inners_.New());
    Inner& inner = inners_.At(level.back());
    inner.count = static_cast<uint16_t>(to - from);
    std::copy(nodes->begin() + static_cast<ptrdiff_t>(from), nodes->begin() + static_cast<ptrdiff_t>(to), inner.children);
    SetFence(inner.fence, FenceOf(inner.children[0], above_leaves).get());
    RefreshWords(inner, above_leaves);
  }
  *nodes = std::move(level);
}

std::string OrderedNames::Check() const {
  std::string wrong;
  std::vector<uint32_t> leaves;
  if (root_ == kNone || !CheckNode(root_, 0, &leaves, &wrong)) return wrong;
  if (leaves.size() != leaf_count_) return base::StrCat(leaves.size(), " leaves, not ", leaf_count_);
  for (size_t i = 0; i < leaves.size(); ++i) {
    const uint32_t next = i + 1 < leaves.size() ? leaves[i + 1] : kNone;
    if (leaves_.At(leaves[i]).next != next) return base::StrCat("leaf ", leaves[i], " has a wrong next");
    if (!CheckLeaf(leaves_.At(leaves[i]), &wrong)) return wrong;
  }
  return wrong;
}

bool OrderedNames::CheckNode(uint32_t node, size_t level, std::vector<uint32_t>* leaves, std::string* wrong) const {
  if (level == height_) return leaves->push_back(node), true;
  const Inner& inner = inners_.At(node);
  for (int i = 0; i < inner.count; ++i) {
    const RootName fence = FenceOf(inner.children[i], AboveLeaves(level)).get();
    const bool in_order = i == 0 ? Compare(fence, inner.fence.get()) == 0
                                 : Compare(FenceOf(inner.children[i - 1], AboveLeaves(level)).get(), fence) < 0;
    if (!in_order || (i > 0 && inner.words[i] != WordAt(fence, inner.prefix))) {
      *wrong = base::StrCat("child ", i, " of inner node ", node, " at level ", level, " has a wrong fence or word");
      return false;
    }
    if (!CheckNode(inner.children[i], level + 1, leaves, wrong)) return false;
  }
  return inner.count > 0;
}

bool OrderedNames::CheckLeaf(const Leaf& leaf, std::string* wrong) const {
  const Fence* high = HighFence(leaf);
  const size_t shared = high == nullptr ? 0 : CommonPrefix(leaf.fence.get(), high->get());
  if (leaf.prefix > shared) *wrong = base::StrCat("a leaf's prefix of ", leaf.prefix, " bytes, not ", shared);
  for (int i = 0; i < static_cast<int>(leaf.count); ++i) {
    const RootName name = NameAt(leaf, i);
    if (leaf.entries[i].short_hash() != table_.ShortOf(name)) *wrong = "an entry's hash is not its name's";
    if (leaf.entries[i].hint() != HintAt(name, leaf.prefix)) *wrong = "an entry's hint is not its name's";
    if (Compare(name, leaf.fence.get()) < 0) *wrong = "a name below its leaf's fence";
    if (high != nullptr && Compare(name, high->get()) >= 0) *wrong = "a name above its leaf";
    if (i > 0 && Compare(NameAt(leaf, i - 1), name) >= 0) *wrong = "names out of order";
  }
  return wrong->empty();
}

}  // namespace memgrid::storage
