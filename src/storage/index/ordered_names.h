// The part of the index that orders: a B+-tree whose leaves name keys by hash.
//
// 8 bytes a key: an entry holds the short hash and two bytes of the name; the name itself is read from the record that
// the hash table leads to. So records may be overwritten and moved without touching the tree.
//
// Full leaves first share with a neighbour; then they split in halves, or where ascending insertions come in, at that
// place. Leaves that have become nearly empty are merged.
//
// The owner's only. Every name in the tree must be live in the hash table, and every live name there must be in the
// tree, whenever a function is called (but for the name that is being inserted).

#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "absl/functional/function_ref.h"
#include "storage/index/hash_table.h"
#include "storage/index/ordered_nodes.h"

namespace memgrid::storage {

class OrderedNames {
 public:
  // `table` outlives the tree.
  explicit OrderedNames(const HashTable& table) : table_(table) {}
  ~OrderedNames() { Clear(); }
  OrderedNames(const OrderedNames&) = delete;
  OrderedNames& operator=(const OrderedNames&) = delete;

  // `name` is not there, and not yet live in the table.
  void Insert(const RootName& name, uint64_t short_hash);
  // `name` is there, and still live in the table. True: call Rebalance when it no longer is.
  bool Remove(const RootName& name, uint64_t short_hash);
  void Rebalance(const RootName& name);

  // Names from `from` on (`strict`: after it), in order, until `visit` returns false. True if the end was reached.
  bool Scan(const RootName& from, bool strict, absl::FunctionRef<bool(const RootName& name, Slot slot)> visit) const;

  // Replaces everything by `slots`: live slots of distinct names in order.
  void Build(const std::vector<Slot>& slots);
  void Clear();

  size_t memory_bytes() const { return leaves_.memory_bytes() + inners_.memory_bytes() + fence_bytes_; }
  size_t GrowthBytes(size_t insertions) const;

  // What is wrong with the tree, or nothing. Reads everything: for tests and debug builds.
  std::string Check() const;

 private:
  static constexpr uint32_t kNone = Slab<Leaf>::kNone;
  static constexpr int kMaxHeight = 12;
  static constexpr int kShareUpTo = 58;      // entries of a neighbour that takes some of a full leaf's
  static constexpr int kMergeFrom = 16;      // a leaf with no more looks for a neighbour to merge with
  static constexpr int kMergeUpTo = 44;      // entries of the two together
  static constexpr int kAscending = 6;       // insertions side by side that make a run
  static constexpr int kBuildEntries = 52;   // of leaves built at once
  static constexpr int kBuildChildren = 52;

  struct Step {
    uint32_t inner;
    int index;
  };
  using Path = absl::InlinedVector<Step, kMaxHeight>;  // from the root to the parent of a leaf

  // A run of entries of two neighbours, seen as one.
  struct Pair {
    const Leaf& left;
    const Leaf& right;
    int count() const { return static_cast<int>(left.count + right.count); }
    const Leaf& leaf(int i) const { return i < static_cast<int>(left.count) ? left : right; }
    int index(int i) const { return i < static_cast<int>(left.count) ? i : i - static_cast<int>(left.count); }
  };
  struct Rehinted {
    int count = 0;
    size_t prefix = 0;
    Entry entries[kLeafEntries];
  };

  // Search.
  uint32_t Descend(const RootName& name, Path* path) const;
  int ChildFor(const Inner& inner, bool above_leaves, const RootName& name) const;
  int Position(const Leaf& leaf, const RootName& name, bool strict) const;
  int Find(const Leaf& leaf, const RootName& name, uint64_t short_hash) const;
  Slot Resolve(const Leaf& leaf, int index) const;
  Slot ResolveCollision(const Leaf& leaf, int index) const;
  void Collisions(const Leaf& leaf, uint64_t short_hash, absl::InlinedVector<Slot, 4>* found) const;
  RootName NameAt(const Leaf& leaf, int index) const { return Resolve(leaf, index).record().name(); }
  RootName NameAt(const Pair& pair, int i) const { return NameAt(pair.leaf(i), pair.index(i)); }
  const Fence& FenceOf(uint32_t node, bool is_leaf) const;
  const Fence* HighFence(const Leaf& leaf) const;

  // Leaves.
  void Place(Leaf& leaf, int position, const RootName& name, uint64_t short_hash);
  void MakeRoom(const Path& path, uint32_t leaf, int position, const RootName& name);
  bool Share(const Path& path, uint32_t leaf);
  void Split(const Path& path, uint32_t left, int keep, const RootName& below, const RootName& above);
  void SetBoundary(uint32_t left, uint32_t right, int keep, const RootName& below, const RootName& above);
  void Merge(const Path& path, int right_index);
  void Rehint(const Pair& pair, int from, int to, size_t limit, Rehinted* out) const;
  static void Assign(Leaf& leaf, const Rehinted& from);

  // Inner nodes. `level` counts from the root; the children of the last level are leaves.
  void InsertChild(uint32_t parent, int index, uint32_t child, bool above_leaves);
  void GrowRoot(uint32_t right);
  void SplitInner(const Path& path);
  void RemoveChild(const Path& path, size_t level, int index);
  void RebalanceInner(const Path& path, size_t level);
  void SetInnerBoundary(Inner& left, Inner& right, int keep, bool above_leaves);
  void RefreshWords(Inner& inner, bool above_leaves);
  void RefreshWord(Inner& inner, int index, bool above_leaves);
  bool AboveLeaves(size_t level) const { return level + 1 == height_; }
  void SetFence(Fence& fence, const RootName& name);

  void BuildLeaves(const std::vector<Slot>& slots, std::vector<uint32_t>* nodes);
  void BuildLevel(std::vector<uint32_t>* nodes, bool above_leaves);

  bool CheckNode(uint32_t node, size_t level, std::vector<uint32_t>* leaves, std::string* wrong) const;
  bool CheckLeaf(const Leaf& leaf, std::string* wrong) const;

  const HashTable& table_;
  Slab<Leaf> leaves_;
  Slab<Inner> inners_;
  uint32_t root_ = kNone;
  size_t height_ = 0;  // levels of inner nodes
  size_t leaf_count_ = 0;
  size_t fence_bytes_ = 0;   // of fences that do not fit in their nodes
  size_t longest_name_ = 0;  // ever inserted
};

}  // namespace memgrid::storage
