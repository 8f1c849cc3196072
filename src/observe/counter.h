// A figure that one loop writes and any thread reads: counting costs an uncontended store, no
// locked instruction.

#pragma once

#include <atomic>
#include <cstdint>

namespace memgrid::observe {

class Counter {
 public:
  // By the loop that owns it.
  void Add(uint64_t n = 1) { Set(get() + n); }
  void Sub(uint64_t n = 1) { Set(get() - n); }
  void Set(uint64_t value) { value_.store(value, std::memory_order_relaxed); }
  // Any thread; perhaps a moment old.
  uint64_t get() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> value_{0};
};

}  // namespace memgrid::observe
