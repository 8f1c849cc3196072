// A large stretch of address space whose pages cost memory only once they are touched.

#pragma once

#include <cstddef>
#include <cstdint>

#include "absl/status/statusor.h"

namespace memgrid::base {

// Owns the stretch; moved, never copied. Reads of untouched pages give zeros.
class ReservedMemory {
 public:
  // `bytes` of address space, page-aligned (2 MiB where it is that long). RESOURCE_EXHAUSTED,
  // saying how much was asked for, if the system refuses.
  static absl::StatusOr<ReservedMemory> Reserve(uint64_t bytes);

  ReservedMemory() = default;
  ReservedMemory(ReservedMemory&& other) noexcept;
  ReservedMemory& operator=(ReservedMemory&& other) noexcept;
  ~ReservedMemory();

  char* data() const { return data_; }
  uint64_t size() const { return size_; }

  // Gives the pages of [from, from + bytes) back to the system: they read as zeros afterwards. Both
  // are multiples of 4096 and lie inside.
  void Discard(uint64_t from, uint64_t bytes);

 private:
  char* data_ = nullptr;    // where the user's part begins
  uint64_t size_ = 0;       // of the user's part
  char* mapped_ = nullptr;  // what the system gave: a little more, for alignment
  uint64_t mapped_size_ = 0;
};

}  // namespace memgrid::base
