// A value of more than one record: its root and the addresses of its chunks, in order.

#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "storage/index/slot.h"
#include "storage/record.h"

namespace memgrid::storage {

inline constexpr size_t kMaxValueBytes = 16u << 20;

// Body of a kValueRoot: total length u64, chunks u32. Body of a kChunk: hash of the root's name u64, number u32, bytes.
inline constexpr size_t kValueRootBody = 12;
inline constexpr size_t kChunkPrefix = 12;

// The addresses are set before the node is published, afterwards swung by defrag; any loop reads them within a turn.
class ValueNode : public Node {
 public:
  ValueNode(const char* root, uint64_t total, uint32_t chunks)
      : total_(total), count_(chunks), chunks_(std::make_unique<std::atomic<const char*>[]>(chunks)) {
    record.store(root, std::memory_order_relaxed);
  }

  uint64_t total() const { return total_; }
  uint32_t count() const { return count_; }
  // Null only while a recovery has not found it.
  RecordView chunk(uint32_t number) const { return RecordView(chunks_[number].load(std::memory_order_acquire)); }
  void set_chunk(uint32_t number, const char* address) { chunks_[number].store(address, std::memory_order_release); }

  size_t memory_bytes() const { return sizeof(*this) + count_ * sizeof(chunks_[0]); }

 private:
  const uint64_t total_;
  const uint32_t count_;
  const std::unique_ptr<std::atomic<const char*>[]> chunks_;
};

}  // namespace memgrid::storage
