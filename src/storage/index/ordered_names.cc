// OrderedNames: search, insertion, removal and scans.

#include "storage/index/ordered_names.h"

#include <algorithm>

#include "base/check.h"

namespace memgrid::storage {

const Fence& OrderedNames::FenceOf(uint32_t node, bool is_leaf) const {
  return is_leaf ? leaves_.At(node).fence : inners_.At(node).fence;
}

const Fence* OrderedNames::HighFence(const Leaf& leaf) const {
  return leaf.next == kNone ? nullptr : &leaves_.At(leaf.next).fence;
}

// The last child whose fence is not above `name`, or the first.
int OrderedNames::ChildFor(const Inner& inner, bool above_leaves, const RootName& name) const {
  const int count = inner.count;
  if (count == 1) return 0;
  const auto fence = [&](int i) { return FenceOf(inner.children[i], above_leaves).get(); };
  if (inner.prefix > 0) {
    const int order = ComparePrefix(name, fence(1), inner.prefix);
    if (order != 0) return order < 0 ? 0 : count - 1;
  }
  const uint64_t word = WordAt(name, inner.prefix);
  const uint64_t* words = inner.words;
  const auto [low, high] = std::equal_range(words + 1, words + count, word);
  int first = static_cast<int>(low - words), last = static_cast<int>(high - words);
  while (first < last) {  // fences with the same word
    const int middle = (first + last) / 2;
    if (Compare(fence(middle), name) <= 0) {
      first = middle + 1;
    } else {
      last = middle;
    }
  }
  return first - 1;
}

uint32_t OrderedNames::Descend(const RootName& name, Path* path) const {
  uint32_t node = root_;
  for (size_t level = 0; level < height_; ++level) {
    const Inner& inner = inners_.At(node);
    const int index = ChildFor(inner, AboveLeaves(level), name);
    if (path != nullptr) path->push_back({node, index});
    node = inner.children[index];
  }
  return node;
}

Slot OrderedNames::Resolve(const Leaf& leaf, int index) const {
  const uint64_t short_hash = leaf.entries[index].short_hash();
  Slot only;
  int candidates = 0;
  table_.ForEachCandidate(short_hash, [&](Slot slot) {
    if (!slot.live()) return;
    only = slot;
    ++candidates;
  });
  return candidates == 1 ? only : ResolveCollision(leaf, index);
}

// Several slots have the tag: rarely because the hashes are equal, mostly because buckets hold several hashes.
Slot OrderedNames::ResolveCollision(const Leaf& leaf, int index) const {
  const uint64_t short_hash = leaf.entries[index].short_hash();
  absl::InlinedVector<Slot, 4> found;
  Collisions(leaf, short_hash, &found);
  size_t rank = 0;
  for (int i = 0; i < index; ++i) rank += leaf.entries[i].short_hash() == short_hash;
  MEMGRID_CHECK(rank < found.size(), "an entry of the tree without a key: ", found.size(), " of its hash");
  return found[rank];
}

// Live slots of the hash with names within the leaf's fences, in order.
void OrderedNames::Collisions(const Leaf& leaf, uint64_t short_hash, absl::InlinedVector<Slot, 4>* found) const {
  const RootName low = leaf.fence.get();
  const Fence* high = HighFence(leaf);
  table_.ForEachCandidate(short_hash, [&](Slot slot) {
    if (!slot.live()) return;
    const RootName name = slot.record().name();
    if (table_.ShortOf(name) != short_hash || Compare(name, low) < 0) return;
    if (high == nullptr || Compare(name, high->get()) < 0) found->push_back(slot);
  });
  if (found->size() < 2) return;
  std::sort(found->begin(), found->end(),
            [](Slot a, Slot b) { return Compare(a.record().name(), b.record().name()) < 0; });
}

// The first entry whose name is not below `name` (`strict`: is above it). `name` lies within the leaf's fences.
int OrderedNames::Position(const Leaf& leaf, const RootName& name, bool strict) const {
  const uint16_t hint = HintAt(name, leaf.prefix);
  const Entry* entries = leaf.entries;
  const Entry* end = entries + leaf.count;
  const Entry* low = std::partition_point(entries, end, [hint](Entry entry) { return entry.hint() < hint; });
  const Entry* high = std::partition_point(low, end, [hint](Entry entry) { return entry.hint() == hint; });
  int first = static_cast<int>(low - entries), last = static_cast<int>(high - entries);
  if (high == end && first < last) {  // ascending insertions: one look at the end
    if (Compare(NameAt(leaf, last - 1), name) < 0) return last;
  }
  while (first < last) {
    const int middle = (first + last) / 2;
    const int order = Compare(NameAt(leaf, middle), name);
    if (order < 0 || (strict && order == 0)) {
      first = middle + 1;
    } else {
      last = middle;
    }
  }
  return first;
}

void OrderedNames::Insert(const RootName& name, uint64_t short_hash) {
  longest_name_ = std::max(longest_name_, name.name.size());
  if (root_ == kNone) {
    root_ = leaves_.New();
    ++leaf_count_;
  }
  while (true) {
    Path path;
    const uint32_t number = Descend(name, &path);
    Leaf& leaf = leaves_.At(number);
    const int position = Position(leaf, name, false);
    if (leaf.count < kLeafEntries) return Place(leaf, position, name, short_hash);
    MakeRoom(path, number, position, name);
  }
}

void OrderedNames::Place(Leaf& leaf, int position, const RootName& name, uint64_t short_hash) {
  std::copy_backward(leaf.entries + position, leaf.entries + leaf.count, leaf.entries + leaf.count + 1);
  leaf.entries[position] = Entry(short_hash, HintAt(name, leaf.prefix));
  leaf.count = leaf.count + 1;
  const bool ascending = leaf.count > 1 && position == static_cast<int>(leaf.last) + 1;
  leaf.run = ascending ? std::min(leaf.run + 1u, 15u) : 0u;
  leaf.last = static_cast<uint32_t>(position) & 127u;
}

// The entry of a name that is there.
int OrderedNames::Find(const Leaf& leaf, const RootName& name, uint64_t short_hash) const {
  int found = -1, same = 0;
  for (int i = 0; i < static_cast<int>(leaf.count); ++i) {
    if (leaf.entries[i].short_hash() != short_hash) continue;
    found = i;
    ++same;
  }
  MEMGRID_CHECK(same > 0, "a live name of ", name.name.size(), " bytes is not in the tree");
  if (same == 1) return found;
  for (int i = 0; i < static_cast<int>(leaf.count); ++i) {
    if (leaf.entries[i].short_hash() == short_hash && NameAt(leaf, i) == name) return i;
  }
  return found;
}

bool OrderedNames::Remove(const RootName& name, uint64_t short_hash) {
  Leaf& leaf = leaves_.At(Descend(name, nullptr));
  const int position = Find(leaf, name, short_hash);
  std::copy(leaf.entries + position + 1, leaf.entries + leaf.count, leaf.entries + position);
  leaf.count = leaf.count - 1;
  leaf.run = 0;
  return static_cast<int>(leaf.count) <= kMergeFrom;
}

bool OrderedNames::Scan(const RootName& from, bool strict,
                        absl::FunctionRef<bool(const RootName& name, Slot slot)> visit) const {
  if (root_ == kNone) return true;
  static constexpr int kBatch = 16;  // entries whose lines and records are fetched together
  const Leaf* leaf = &leaves_.At(Descend(from, nullptr));
  for (int at = Position(*leaf, from, strict);; at = 0) {
    for (; at < static_cast<int>(leaf->count); at += kBatch) {
      const int end = std::min<int>(at + kBatch, leaf->count);
      Slot slots[kBatch];
      for (int i = at; i < end; ++i) table_.Prefetch(leaf->entries[i].short_hash());
      for (int i = at; i < end; ++i) {
        slots[i - at] = Resolve(*leaf, i);
        __builtin_prefetch(slots[i - at].address());
      }
      for (int i = at; i < end; ++i) {
        if (!visit(slots[i - at].record().name(), slots[i - at])) return false;
      }
    }
    if (leaf->next == kNone) return true;
    leaf = &leaves_.At(leaf->next);
  }
}

size_t OrderedNames::GrowthBytes(size_t insertions) const {
  if (insertions == 0) return 0;
  // A leaf must be full to split, so beyond one split for each leaf there is it takes half a leaf of insertions.
  const size_t splits = std::min(insertions, leaf_count_ + insertions / (kLeafEntries / 2) + 1);
  const size_t areas = splits / Slab<Leaf>::kPerArea + 1;
  const size_t fence = 2 * (std::max(longest_name_, kMaxNameBytes) + 32);
  return areas * (Slab<Leaf>::kAreaBytes + Slab<Inner>::kAreaBytes + 64) + splits * fence;
}

void OrderedNames::SetFence(Fence& fence, const RootName& name) {
  fence_bytes_ -= fence.heap_bytes();
  fence.Set(name);
  fence_bytes_ += fence.heap_bytes();
}

}  // namespace memgrid::storage
