// Which wblocks a shard has, and what is live and dead in each: the books that reclaim decides by.
//
// Threads: the owner of the shard.

#pragma once

#include <cstdint>
#include <vector>

#include "storage/options.h"
#include "storage/record.h"
#include "storage/region/region.h"
#include "storage/shard_state.h"
#include "storage/wblocks.h"

namespace memgrid::storage {

class Accounts : public DeathSink {
 public:
  // All outlive it.
  Accounts(Wblocks& wblocks, ShardState& state, const Weakened& weakened)
      : wblocks_(wblocks), state_(state), weakened_(weakened) {}

  // The shard takes a wblock; the caller has filled in its life (stream, number, incarnation).
  void Adopt(uint32_t wblock);
  // The wblock goes back to the pool.
  void Release(uint32_t wblock);
  void Seal(uint32_t wblock);

  void OnAppend(Wblock& wblock, uint32_t bytes) {
    wblock.live.store(wblock.live.load(std::memory_order_relaxed) + bytes, std::memory_order_relaxed);
    live_ += bytes;
  }
  // What serves as a tombstone is live only for the sake of older copies of its name.
  void BecameTombstone(RecordView record) { CountTombstone(record, static_cast<uint32_t>(record.length())); }
  // Before it dies.
  void WasTombstone(RecordView record) { CountTombstone(record, 0 - static_cast<uint32_t>(record.length())); }

  // While set, what dies lives on in a copy that ends at this position of the survivor stream: rule R1 waits for that
  // copy. 0: no longer.
  void SetMovedTo(uint64_t survivors_end) { moved_to_ = survivors_end; }

  // `bytes` of the record died through command `by`; 0: they were copied elsewhere and nothing killed them. `hash` of
  // its name (roots) or of its root's name (chunks).
  void Die(RecordView record, size_t bytes, uint64_t by, uint64_t hash);
  // Of parts of regions: as Die, by the region's id.
  void OnDeath(const char* record, size_t bytes, uint64_t by) override;
  // The hash that stands for a region's parts among the dead.
  static uint64_t HashOfRegion(uint64_t id) { return id * 0x9E3779B97F4A7C15u; }

  // A durable mark in the wblock states that all commands up to `persisted` are durable.
  void OnStated(Wblock& wblock, uint64_t persisted);
  // True if no other wblock of the shard, nor the shard table, states as much as this one: writing it again would lower
  // the greatest `persisted` that a crash could find.
  bool IsOnlyWitness(const Wblock& wblock) const;

  uint64_t live() const { return live_; }
  uint64_t tombstone_bytes() const { return tombstone_bytes_; }
  uint64_t deaths() const { return deaths_; }  // grows whenever bytes die
  const std::vector<uint32_t>& owned() const { return owned_; }
  // Sealed wblocks without live bytes, in the order in which they became so.
  std::vector<uint32_t>& quarantine() { return quarantine_; }

 private:
  void QuarantineIfEmpty(uint32_t wblock);
  void CountTombstone(RecordView record, uint32_t bytes);

  Wblocks& wblocks_;
  ShardState& state_;
  const Weakened& weakened_;
  uint64_t live_ = 0;
  uint64_t tombstone_bytes_ = 0;
  uint64_t deaths_ = 0;
  uint64_t moved_to_ = 0;
  uint64_t most_stated_ = 0;
  uint32_t witnesses_ = 0;  // wblocks that state most_stated_
  std::vector<uint32_t> owned_;
  std::vector<uint32_t> quarantine_;
};

}  // namespace memgrid::storage
