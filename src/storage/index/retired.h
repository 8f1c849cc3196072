// Memory that was unlinked and waits until no reader can look at it.

#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <deque>

#include "base/qsbr.h"

namespace memgrid::storage {

// Blocks from malloc and its like. One thread.
class Retired {
 public:
  explicit Retired(base::Qsbr& qsbr) : qsbr_(qsbr) {}
  ~Retired() {  // no reader is left then
    for (const Block& block : blocks_) std::free(block.memory);
  }
  Retired(const Retired&) = delete;
  Retired& operator=(const Retired&) = delete;

  // Takes `memory` over, which has just been unlinked. `bytes`: what Collect reports when it is freed.
  void Add(void* memory, size_t bytes) { blocks_.push_back({memory, bytes, kUnstamped}); }

  // Frees what nobody can look at any more; returns its bytes. Once a turn: cheap when there is nothing.
  size_t Collect() {
    if (blocks_.empty()) return 0;
    if (blocks_.back().stamp == kUnstamped) Stamp(qsbr_.Now());
    size_t freed = 0;
    while (!blocks_.empty() && qsbr_.Passed(blocks_.front().stamp)) {
      std::free(blocks_.front().memory);
      freed += blocks_.front().bytes;
      blocks_.pop_front();
    }
    return freed;
  }

 private:
  static constexpr uint64_t kUnstamped = ~uint64_t{0};
  struct Block {
    void* memory;
    size_t bytes;
    uint64_t stamp;
  };

  void Stamp(uint64_t now) {
    for (auto block = blocks_.rbegin(); block != blocks_.rend() && block->stamp == kUnstamped; ++block) {
      block->stamp = now;
    }
  }

  base::Qsbr& qsbr_;
  std::deque<Block> blocks_;
};

}  // namespace memgrid::storage
