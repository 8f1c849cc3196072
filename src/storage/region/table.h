// The page table of a region: a radix tree over leaves of 512 pages, 9 bits of the leaf's number a
// level. A node knows which leaves it covers and stands directly below the first node that is wider
// and has another child: no chains, so a single page at 2^62 costs one leaf.
//
// Threads: Find by any loop, without locks, inside a turn; everything else by the owner.

#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

#include "base/qsbr.h"
#include "storage/region/page.h"

namespace memgrid::storage {

// Memory of the tables of all regions of one shard. What is retired is freed when no reader can
// still look at it.
class TableMemory {
 public:
  // `qsbr` outlives it.
  explicit TableMemory(base::Qsbr& qsbr) : qsbr_(qsbr) {}
  // No reader is left: frees what is retired. What is still allocated is its users' to free.
  ~TableMemory();
  TableMemory(const TableMemory&) = delete;
  TableMemory& operator=(const TableMemory&) = delete;

  // Uninitialised, aligned to 8.
  void* Allocate(size_t bytes);
  // `memory` was unlinked: freed by a later Collect.
  void Retire(void* memory, size_t bytes);
  // `memory` was never seen by a reader, or no reader is left.
  void Free(void* memory, size_t bytes);
  // Once a turn: frees what is past quiescence. Two loads when there is nothing to do.
  void Collect();

  // Allocated, what waits for quiescence included: what the store is charged with.
  size_t bytes() const { return bytes_; }

 private:
  struct Retired {
    void* memory;
    size_t bytes;
  };
  struct Batch {
    uint64_t stamp;
    std::vector<Retired> retired;
  };

  base::Qsbr& qsbr_;
  std::vector<Retired> fresh_;  // of this turn
  std::deque<Batch> batches_;
  size_t bytes_ = 0;
};

inline constexpr uint64_t kLeafPages = 512;

struct TableNode {
  uint64_t first;  // number of the first leaf that it covers
  uint8_t level;   // 0: a leaf; else 512^level leaves
  uint32_t used;   // InnerNode: children; owner only

  bool Covers(uint64_t leaf) const { return leaf >> 9 * level == first >> 9 * level; }
};

struct InnerNode : TableNode {
  std::atomic<TableNode*> child[512];
  std::atomic<TableNode*>& ChildFor(uint64_t leaf) {
    return child[(leaf >> 9 * (level - 1)) % 512];
  }
};

struct LeafNode : TableNode {
  std::atomic<uint64_t> version;  // odd while entries change
  std::atomic<uint64_t> entry[kLeafPages];

  PageEntry Get(uint64_t page) const {
    return PageEntry(entry[page % kLeafPages].load(std::memory_order_acquire));
  }
  void Set(uint64_t page, PageEntry to) {
    entry[page % kLeafPages].store(to.bits(), std::memory_order_release);
  }
};

class RegionTable {
 public:
  explicit RegionTable(TableMemory& memory) : memory_(memory) {}
  // No reader is left; entries are not looked at (overlays have been freed).
  ~RegionTable();
  RegionTable(const RegionTable&) = delete;
  RegionTable& operator=(const RegionTable&) = delete;

  // The leaf with that number; null if no page of it was touched.
  LeafNode* Find(uint64_t leaf) const;
  // The leaf, linked if it was not there: empty and with an even version.
  LeafNode* Ensure(uint64_t leaf);
  // Unlinks all leaves from number `first` on; the subtrees are added to `cut`, the caller takes
  // them apart and gives each node to Retire.
  void CutFrom(uint64_t first, std::vector<TableNode*>& cut);
  // `node` was unlinked and has been emptied.
  void Retire(TableNode* node);

  // Calls `visit(LeafNode&)` for every leaf.
  template <typename Visit>
  void ForEachLeaf(const Visit& visit) const {
    ForEachLeaf(root_.load(std::memory_order_relaxed), visit);
  }
  // The same below a node (may be null).
  template <typename Visit>
  static void ForEachLeaf(TableNode* node, const Visit& visit) {
    if (node == nullptr) return;
    if (node->level == 0) return visit(*static_cast<LeafNode*>(node));
    for (auto& child : static_cast<InnerNode*>(node)->child) {
      ForEachLeaf(child.load(std::memory_order_relaxed), visit);
    }
  }
  // Frees a subtree that was cut off; no reader is left.
  void FreeTree(TableNode* node);

  TableMemory& memory() const { return memory_; }
  size_t bytes() const { return bytes_; }  // of nodes that are linked, or cut and not yet retired

 private:
  LeafNode* NewLeaf(uint64_t leaf);
  InnerNode* NewInner(uint64_t leaf, uint8_t level);
  bool CutNode(std::atomic<TableNode*>& link, uint64_t first, std::vector<TableNode*>& cut);

  TableMemory& memory_;
  std::atomic<TableNode*> root_{nullptr};
  size_t bytes_ = 0;
};

}  // namespace memgrid::storage
