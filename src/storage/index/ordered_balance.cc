// OrderedNames: leaves that share, split and merge.

#include <algorithm>

#include "base/check.h"
#include "storage/index/ordered_names.h"

namespace memgrid::storage {

// Brings the leaf nearer to having room: the caller descends again and looks.
void OrderedNames::MakeRoom(const Path& path, uint32_t number, int position, const RootName& name) {
  const Leaf& leaf = leaves_.At(number);
  const int count = leaf.count;
  const bool run = static_cast<int>(leaf.run) >= kAscending && position == static_cast<int>(leaf.last) + 1;
  if (position == count && (run || leaf.next == kNone)) {
    return Split(path, number, count, NameAt(leaf, count - 1), name);
  }
  if (run) return Split(path, number, position, name, NameAt(leaf, position));
  if (Share(path, number)) return;
  Split(path, number, count / 2, NameAt(leaf, count / 2 - 1), NameAt(leaf, count / 2));
}

// Moves entries of a full leaf to the emptier of its neighbours under the same parent. False if both are nearly full.
bool OrderedNames::Share(const Path& path, uint32_t number) {
  if (path.empty()) return false;
  Inner& parent = inners_.At(path.back().inner);
  const int index = path.back().index;
  const auto count_at = [&](int i) {
    return i < 0 || i >= parent.count ? kLeafEntries : static_cast<int>(leaves_.At(parent.children[i]).count);
  };
  const bool leftwards = count_at(index - 1) <= count_at(index + 1);
  if (count_at(leftwards ? index - 1 : index + 1) > kShareUpTo) return false;
  const int right_index = leftwards ? index : index + 1;
  const uint32_t left = parent.children[right_index - 1], right = parent.children[right_index];
  const Pair pair{leaves_.At(left), leaves_.At(right)};
  MEMGRID_DCHECK(left == number || right == number, "a path that does not lead to its leaf");
  const int keep = pair.count() / 2;
  SetBoundary(left, right, keep, NameAt(pair, keep - 1), NameAt(pair, keep));
  RefreshWord(parent, right_index, true);
  return true;
}

// A new leaf takes the entries from `keep` on, or first the parent gets room for it. `below`, `above`: names on both
// sides of the boundary.
void OrderedNames::Split(const Path& path, uint32_t left, int keep, const RootName& below, const RootName& above) {
  if (!path.empty() && inners_.At(path.back().inner).count == kInnerChildren) return SplitInner(path);
  const uint32_t right = leaves_.New();
  ++leaf_count_;
  leaves_.At(right).next = leaves_.At(left).next;
  SetBoundary(left, right, keep, below, above);
  if (path.empty()) {
    GrowRoot(right);
  } else {
    InsertChild(path.back().inner, path.back().index + 1, right, true);
  }
}

// Deals the entries of two neighbours out anew. Until the last step everything is as it was, so that entries resolve.
void OrderedNames::SetBoundary(uint32_t left_number, uint32_t right_number, int keep, const RootName& below,
                               const RootName& above) {
  Leaf& left = leaves_.At(left_number);
  Leaf& right = leaves_.At(right_number);
  const Pair pair{left, right};
  const RootName boundary = Separator(below, above);
  const Fence* high = HighFence(right);
  Rehinted lower, upper;
  Rehint(pair, 0, keep, CommonPrefix(left.fence.get(), boundary), &lower);
  Rehint(pair, keep, pair.count(), high == nullptr ? 0 : CommonPrefix(boundary, high->get()), &upper);
  SetFence(right.fence, boundary);
  left.next = right_number;
  Assign(left, lower);
  Assign(right, upper);
}

void OrderedNames::Assign(Leaf& leaf, const Rehinted& from) {
  std::copy(from.entries, from.entries + from.count, leaf.entries);
  leaf.count = static_cast<uint32_t>(from.count) & 127u;
  leaf.prefix = static_cast<uint32_t>(from.prefix) & 2047u;
  leaf.run = 0;
  leaf.last = 0;
}

// Entries [from, to) of the pair as they would stand in a leaf whose names share `limit` bytes. A shorter prefix needs
// no names: what lies before the hints is known from the fences. It is taken as long as the hints tell the names apart.
void OrderedNames::Rehint(const Pair& pair, int from, int to, size_t limit, Rehinted* out) const {
  size_t prefix = limit;
  for (int i = from; i < to; ++i) prefix = std::min<size_t>(prefix, pair.leaf(i).prefix);
  int distinct = 0;
  for (int i = from; i < to; ++i) {
    const Leaf& leaf = pair.leaf(i);
    const Entry entry = leaf.entries[pair.index(i)];
    const RootName fence = leaf.fence.get();
    uint16_t hint = entry.hint();
    if (prefix + 1 == leaf.prefix) hint = static_cast<uint16_t>(ByteAt(fence, prefix) << 8 | hint >> 8);
    if (prefix + 1 < leaf.prefix) hint = HintAt(fence, prefix);
    distinct += i == from || hint != out->entries[i - from - 1].hint();
    out->entries[i - from] = Entry(entry.short_hash(), hint);
  }
  out->count = to - from;
  out->prefix = prefix;
  if (prefix == limit || distinct * 2 > out->count) return;
  for (int i = from; i < to; ++i) table_.Prefetch(out->entries[i - from].short_hash());
  for (int i = from; i < to; ++i) {
    out->entries[i - from] = Entry(out->entries[i - from].short_hash(), HintAt(NameAt(pair, i), limit));
  }
  out->prefix = limit;
}

void OrderedNames::Rebalance(const RootName& name) {
  Path path;
  const uint32_t number = Descend(name, &path);
  const int count = leaves_.At(number).count;
  if (count > kMergeFrom) return;
  if (path.empty()) {
    if (count == 0) Clear();
    return;
  }
  const Inner& parent = inners_.At(path.back().inner);
  const int index = path.back().index;
  for (const int right : {index, index + 1}) {  // with the one before, with the one behind
    if (right < 1 || right >= parent.count) continue;
    const int both = static_cast<int>(leaves_.At(parent.children[right - 1]).count + leaves_.At(parent.children[right]).count);
    if (both > kMergeUpTo && count > 0) continue;
    return Merge(path, right);
  }
}

// The leaf at `right_index` of the last inner node goes into the one before it.
void OrderedNames::Merge(const Path& path, int right_index) {
  const Inner& parent = inners_.At(path.back().inner);
  const uint32_t gone = parent.children[right_index];
  Leaf& left = leaves_.At(parent.children[right_index - 1]);
  Leaf& right = leaves_.At(gone);
  const Pair pair{left, right};
  const Fence* high = HighFence(right);
  Rehinted merged;
  Rehint(pair, 0, pair.count(), high == nullptr ? 0 : CommonPrefix(left.fence.get(), high->get()), &merged);
  left.next = right.next;
  Assign(left, merged);
  fence_bytes_ -= right.fence.heap_bytes();
  leaves_.Delete(gone);
  --leaf_count_;
  RemoveChild(path, path.size() - 1, right_index);
}

}  // namespace memgrid::storage
