// The rules by which space is used again, each as a function of what it depends on. Why each is needed:
// docs/internals/reclaim.md. What they guard is the device: a crash goes back to what it holds.
//
// R1 MayReuse   when a wblock without live bytes may be written again
// R2            its former life counts until a new mark at its beginning is durable (Quarantine::former)
// R3 Floors     when a tombstone may be dropped instead of moved
// R4 MayClean   which wblocks defrag may take

#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "storage/options.h"
#include "storage/wblock.h"

namespace memgrid::storage {

// What R1 looks at beside the wblock itself.
struct ReuseFacts {
  uint64_t persisted = 0;          // P of the shard
  uint64_t recorded = 0;           // PR
  uint64_t survivors_durable = 0;  // the survivor stream is contiguously durable up to this position
  bool only_witness = false;       // no other mark on the device states as much as this wblock's
};

// R1, but for readers: nothing that a crash can lead to needs the wblock, in which nothing is live.
inline bool MayReuse(const Wblock& wblock, const ReuseFacts& facts, const Weakened& weakened) {
  if (wblock.durable < wblock.filled) return false;
  const uint64_t bound = weakened.reuse_by_persisted ? facts.persisted : facts.recorded;
  if (!weakened.reuse_ignores_deaths) {
    if (wblock.max_death > bound) return false;
    const bool own_seqs = wblock.stream == StreamKind::kHead && !weakened.reuse_ignores_own_seqs;
    if (own_seqs && wblock.max_seq > bound) return false;
  }
  if (wblock.moved_to > facts.survivors_durable && !weakened.reuse_ignores_copies) return false;
  return !facts.only_witness || weakened.reuse_ignores_witness;
}

// R4: sealed, on the device to its end, and nothing in it newer than what is recorded: else a copy could survive a crash
// in which its command did not happen.
inline bool MayClean(const Wblock& wblock, uint64_t recorded, bool shadow, const Weakened& weakened) {
  if (wblock.use.load(std::memory_order_relaxed) != WblockUse::kSealed) return false;
  if (!shadow) return true;
  return wblock.durable >= wblock.filled && (wblock.max_seq <= recorded || weakened.clean_unrecorded);
}

// R3: for each bucket of hashes the lowest seq among the dead of all wblocks that have dead ones in that bucket and can
// still be parsed. A tombstone that is not newer than that shadows nothing that could come back.
class Floors {
 public:
  Floors() { floor_.fill(~uint64_t{0}); }

  void Add(const Dead& dead) {
    for (uint64_t left = dead.buckets; left != 0; left &= left - 1) {
      uint64_t& floor = floor_[static_cast<size_t>(__builtin_ctzll(left))];
      floor = std::min(floor, dead.min_seq);
    }
  }
  bool MayDrop(uint64_t tombstone_seq, uint64_t hash) const { return floor_[Dead::BucketOf(hash)] >= tombstone_seq; }
  // Every tombstone up to this may be dropped.
  uint64_t lowest() const { return *std::min_element(floor_.begin(), floor_.end()); }

 private:
  std::array<uint64_t, Dead::kBuckets> floor_;
};

}  // namespace memgrid::storage
