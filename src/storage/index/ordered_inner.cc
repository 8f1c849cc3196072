// OrderedNames: inner nodes.

#include <algorithm>

#include "base/check.h"
#include "storage/index/ordered_names.h"

namespace memgrid::storage {
namespace {

constexpr int kInnerMergeFrom = 16;  // children of an inner node that looks for a neighbour
constexpr int kInnerMergeUpTo = 48;  // of the two together

}  // namespace

// Computes prefix and words from the fences of the children.
void OrderedNames::RefreshWords(Inner& inner, bool above_leaves) {
  if (inner.count < 2) {
    inner.prefix = 0;
    return;
  }
  const RootName first = FenceOf(inner.children[1], above_leaves).get();
  const RootName last = FenceOf(inner.children[inner.count - 1], above_leaves).get();
  inner.prefix = static_cast<uint16_t>(CommonPrefix(first, last));
  for (int i = 1; i < inner.count; ++i) {
    inner.words[i] = WordAt(FenceOf(inner.children[i], above_leaves).get(), inner.prefix);
  }
}

// The fence of child `index` (> 0) is new.
void OrderedNames::RefreshWord(Inner& inner, int index, bool above_leaves) {
  const RootName fence = FenceOf(inner.children[index], above_leaves).get();
  const int other = index == 1 ? 2 : 1;  // one that has the prefix
  if (other >= inner.count || CommonPrefix(fence, FenceOf(inner.children[other], above_leaves).get()) < inner.prefix) {
    return RefreshWords(inner, above_leaves);
  }
  inner.words[index] = WordAt(fence, inner.prefix);
}

// The root has split: `right` is its new neighbour.
void OrderedNames::GrowRoot(uint32_t right) {
  MEMGRID_CHECK(height_ < kMaxHeight, "a tree of ", height_, " levels");
  const uint32_t number = inners_.New();
  Inner& inner = inners_.At(number);
  inner.count = 2;
  inner.children[0] = root_;
  inner.children[1] = right;
  RefreshWords(inner, height_ == 0);
  root_ = number;
  ++height_;
}

// Into a node that has room.
void OrderedNames::InsertChild(uint32_t parent, int index, uint32_t child, bool above_leaves) {
  Inner& inner = inners_.At(parent);
  std::copy_backward(inner.children + index, inner.children + inner.count, inner.children + inner.count + 1);
  std::copy_backward(inner.words + index, inner.words + inner.count, inner.words + inner.count + 1);
  inner.children[index] = child;
  ++inner.count;
  RefreshWord(inner, index, above_leaves);
}

// Splits the highest node of the full ones at the end of the path: the one whose parent has room. The path is void then.
void OrderedNames::SplitInner(const Path& path) {
  size_t level = path.size() - 1;
  while (level > 0 && inners_.At(path[level - 1].inner).count == kInnerChildren) --level;
  const uint32_t left = path[level].inner;
  const uint32_t right = inners_.New();
  // Ascending: the full node stays nearly full.
  const int keep = path[level].index == kInnerChildren - 1 ? kInnerChildren - 1 : kInnerChildren / 2;
  SetInnerBoundary(inners_.At(left), inners_.At(right), keep, AboveLeaves(level));
  if (level == 0) return GrowRoot(right);
  InsertChild(path[level - 1].inner, path[level - 1].index + 1, right, false);
}

// Deals the children of two neighbours out anew; the right one may be new.
void OrderedNames::SetInnerBoundary(Inner& left, Inner& right, int keep, bool above_leaves) {
  uint32_t all[2 * kInnerChildren];
  uint32_t* end = std::copy(left.children, left.children + left.count, all);
  end = std::copy(right.children, right.children + right.count, end);
  left.count = static_cast<uint16_t>(keep);
  right.count = static_cast<uint16_t>(end - all - keep);
  std::copy(all, all + keep, left.children);
  std::copy(all + keep, end, right.children);
  RefreshWords(left, above_leaves);
  RefreshWords(right, above_leaves);
  if (right.count > 0) SetFence(right.fence, FenceOf(right.children[0], above_leaves).get());
}

void OrderedNames::RemoveChild(const Path& path, size_t level, int index) {
  Inner& inner = inners_.At(path[level].inner);
  std::copy(inner.children + index + 1, inner.children + inner.count, inner.children + index);
  std::copy(inner.words + index + 1, inner.words + inner.count, inner.words + index);
  --inner.count;
  if (inner.count <= kInnerMergeFrom) RebalanceInner(path, level);
}

void OrderedNames::RebalanceInner(const Path& path, size_t level) {
  const uint32_t number = path[level].inner;
  if (level == 0) {
    if (inners_.At(number).count > 1) return;
    root_ = inners_.At(number).children[0];
    --height_;
    fence_bytes_ -= inners_.At(number).fence.heap_bytes();
    inners_.Delete(number);
    return;
  }
  Inner& parent = inners_.At(path[level - 1].inner);
  if (parent.count < 2) return;
  const int right_index = std::max(path[level - 1].index, 1);
  Inner& left = inners_.At(parent.children[right_index - 1]);
  const uint32_t right_number = parent.children[right_index];
  Inner& right = inners_.At(right_number);
  const int both = left.count + right.count;
  if (both > kInnerMergeUpTo) {
    SetInnerBoundary(left, right, both / 2, AboveLeaves(level));
    return RefreshWord(parent, right_index, false);
  }
  SetInnerBoundary(left, right, both, AboveLeaves(level));
  fence_bytes_ -= right.fence.heap_bytes();
  inners_.Delete(right_number);
  RemoveChild(path, level - 1, right_index);
}

}  // namespace memgrid::storage
