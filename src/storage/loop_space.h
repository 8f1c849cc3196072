// Wblocks that a loop has taken for its shards: what Admit took can be used by apply without being refused.

#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "storage/wblock_pool.h"

namespace memgrid::storage {

// Threads: its loop.
class LoopSpace {
 public:
  explicit LoopSpace(WblockPool& pool) : pool_(pool) {}
  ~LoopSpace() {
    for (uint32_t wblock : ready_) pool_.Add(wblock, true);
  }

  // Makes at least `count` wblocks ready for heads. False if the pool has not so many to spare.
  bool Prepare(Purpose purpose, uint32_t count);
  size_t ready() const { return ready_.size(); }

  // A wblock for a head. It has been prepared; where that was not possible (closing marks) the reserve is used.
  std::optional<uint32_t> TakeForHead();
  std::optional<uint32_t> TakeForSurvivors() { return pool_.Take(Purpose::kSurvivor); }

 private:
  WblockPool& pool_;
  std::vector<uint32_t> ready_;
};

}  // namespace memgrid::storage
