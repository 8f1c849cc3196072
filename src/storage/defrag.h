// Defrag of one shard: cleans wblocks that are mostly dead, so that they can be written again.
//
// Works at the end of turns, in slices of about 100 µs. Cleans what is below `defrag-lwm-pct`, sleeping `defrag-sleep`
// after each wblock; when less than a fifth of the store is free it takes whatever gains, and sleeps the less the less
// is free. (docs/internals/reclaim.md)
//
// Threads: the owner of the shard, between commands.

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "env/clock.h"
#include "storage/mover.h"
#include "storage/victims.h"
#include "storage/wblock_cursor.h"

namespace memgrid::storage {

class ShardImpl;

class Defrag {
 public:
  static constexpr env::Nanos kNever = env::Nanos::max();

  // `shard` outlives it.
  explicit Defrag(ShardImpl& shard) : shard_(shard), mover_(shard) {}

  // A slice, if it is time. Returns when it wants to be called again at the latest.
  env::Nanos Run(env::Nanos now);

 private:
  // What was looked at when there was nothing to do: there is nothing to do until one of them has changed.
  struct Seen {
    uint64_t deaths = 0;
    uint64_t recorded = 0;
    uint64_t wblocks = 0;
    friend bool operator==(const Seen&, const Seen&) = default;
  };

  Seen Look() const;
  bool Begin();
  Floors MakeFloors(uint32_t own);
  bool NextVictim();
  enum class Slice : uint8_t { kGoesOn, kVictimDone, kNoRoom };
  Slice CleanSlice();
  void FinishVictim();
  double FreeShare() const;
  env::Nanos Sleep() const;

  ShardImpl& shard_;
  Mover mover_;
  std::vector<Victim> victims_;  // best last
  std::optional<WblockCursor> cursor_;
  bool at_record_ = false;       // the cursor's record has not been dealt with yet
  Floors floors_;
  bool holes_may_go_ = false;
  uint64_t blocked_ = 0;         // highest seq of a tombstone that could not be dropped since the last look
  Seen seen_;
  env::Nanos next_{0};
};

}  // namespace memgrid::storage
