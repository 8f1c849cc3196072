// Memory for nghttp2: it takes and gives back a dozen small blocks a call, always of the same few sizes.

#pragma once

#include <array>
#include <cstddef>

namespace memgrid::frontend::grpc {

// Lists of free blocks by size; large blocks come from malloc. Used by one loop; must outlive the blocks.
class BlockPool {
 public:
  BlockPool() = default;
  ~BlockPool();
  BlockPool(const BlockPool&) = delete;
  BlockPool& operator=(const BlockPool&) = delete;

  // As malloc, free and realloc; null when there is no memory.
  void* Take(size_t size);
  void Give(void* block);
  void* Resize(void* block, size_t size);

 private:
  // 32, 64, ... 1024 bytes, the header included.
  static constexpr size_t kClasses = 6;
  static constexpr size_t kSmallest = 32;
  // Free blocks of a size that are kept: what a flood took is given back.
  static constexpr size_t kKept = 4096;

  // In front of each block. Keeps blocks aligned as malloc's are.
  struct alignas(16) Header {
    size_t size_class;  // kClasses: from malloc
    Header* next;       // while free
  };
  struct List {
    Header* first = nullptr;
    size_t count = 0;
  };

  std::array<List, kClasses> free_;
};

}  // namespace memgrid::frontend::grpc
