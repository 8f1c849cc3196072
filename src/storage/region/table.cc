#include "storage/region/table.h"

#include <new>
#include <utility>

namespace memgrid::storage {
namespace {

size_t BytesOf(const TableNode& node) {
  return node.level == 0 ? sizeof(LeafNode) : sizeof(InnerNode);
}

}  // namespace

TableMemory::~TableMemory() {
  for (const Retired& one : fresh_) Free(one.memory, one.bytes);
  for (const Batch& batch : batches_) {
    for (const Retired& one : batch.retired) Free(one.memory, one.bytes);
  }
}

void* TableMemory::Allocate(size_t bytes) {
  bytes_ += bytes;
  return ::operator new(bytes);
}

void TableMemory::Retire(void* memory, size_t bytes) { fresh_.push_back({memory, bytes}); }

void TableMemory::Free(void* memory, size_t bytes) {
  bytes_ -= bytes;
  ::operator delete(memory, bytes);
}

void TableMemory::Collect() {
  if (!fresh_.empty()) {
    // What was unlinked in one turn waits under one stamp: taking one costs all loops a cache miss.
    batches_.push_back({qsbr_.Now(), std::move(fresh_)});
    fresh_.clear();
  }
  while (!batches_.empty() && qsbr_.Passed(batches_.front().stamp)) {
    for (const Retired& one : batches_.front().retired) Free(one.memory, one.bytes);
    batches_.pop_front();
  }
}

RegionTable::~RegionTable() { FreeTree(root_.load(std::memory_order_relaxed)); }

void RegionTable::FreeTree(TableNode* node) {
  if (node == nullptr) return;
  if (node->level > 0) {
    for (auto& child : static_cast<InnerNode*>(node)->child) {
      FreeTree(child.load(std::memory_order_relaxed));
    }
  }
  memory_.Free(node, BytesOf(*node));
}

LeafNode* RegionTable::Find(uint64_t leaf) const {
  TableNode* node = root_.load(std::memory_order_acquire);
  while (node != nullptr && node->Covers(leaf)) {
    if (node->level == 0) return static_cast<LeafNode*>(node);
    node = static_cast<InnerNode*>(node)->ChildFor(leaf).load(std::memory_order_acquire);
  }
  return nullptr;
}

LeafNode* RegionTable::Ensure(uint64_t leaf) {
  std::atomic<TableNode*>* link = &root_;
  InnerNode* parent = nullptr;
  TableNode* node = link->load(std::memory_order_relaxed);
  while (node != nullptr && node->Covers(leaf)) {
    if (node->level == 0) return static_cast<LeafNode*>(node);
    parent = static_cast<InnerNode*>(node);
    link = &parent->ChildFor(leaf);
    node = link->load(std::memory_order_relaxed);
  }
  LeafNode* const made = NewLeaf(leaf);
  if (node == nullptr) {
    if (parent != nullptr) ++parent->used;
    link->store(made, std::memory_order_release);
    return made;
  }
  // `node` covers other leaves: both hang below the narrowest node that covers them.
  uint8_t level = node->level + 1;
  while (leaf >> 9 * level != node->first >> 9 * level) ++level;
  InnerNode* const inner = NewInner(leaf, level);
  inner->used = 2;
  inner->ChildFor(node->first).store(node, std::memory_order_relaxed);
  inner->ChildFor(leaf).store(made, std::memory_order_relaxed);
  link->store(inner, std::memory_order_release);
  return made;
}

void RegionTable::CutFrom(uint64_t first, std::vector<TableNode*>& cut) {
  CutNode(root_, first, cut);
}

// True if `link` had a node and has none any more.
bool RegionTable::CutNode(std::atomic<TableNode*>& link, uint64_t first,
                          std::vector<TableNode*>& cut) {
  TableNode* const node = link.load(std::memory_order_relaxed);
  if (node == nullptr) return false;
  const uint64_t end = node->first + (uint64_t{1} << 9 * node->level);
  if (end <= first) return false;
  if (node->first >= first) {
    link.store(nullptr, std::memory_order_release);
    cut.push_back(node);
    return true;
  }
  auto* const inner = static_cast<InnerNode*>(node);  // a leaf is never half behind `first`
  for (uint64_t i = (first >> 9 * (node->level - 1)) % 512; i < 512; ++i) {
    if (CutNode(inner->child[i], first, cut)) --inner->used;
  }
  if (inner->used > 0) return false;
  link.store(nullptr, std::memory_order_release);
  Retire(inner);
  return true;
}

void RegionTable::Retire(TableNode* node) {
  const size_t bytes = BytesOf(*node);
  bytes_ -= bytes;
  memory_.Retire(node, bytes);
}

LeafNode* RegionTable::NewLeaf(uint64_t leaf) {
  auto* const node = new (memory_.Allocate(sizeof(LeafNode))) LeafNode();
  node->first = leaf;
  bytes_ += sizeof(LeafNode);
  return node;
}

InnerNode* RegionTable::NewInner(uint64_t leaf, uint8_t level) {
  auto* const node = new (memory_.Allocate(sizeof(InnerNode))) InnerNode();
  node->first = leaf >> 9 * level << 9 * level;
  node->level = level;
  bytes_ += sizeof(InnerNode);
  return node;
}

}  // namespace memgrid::storage
