// Marks without records at the beginning of wblocks that nobody uses: what lay there cannot be parsed any more.
//
// Two of them, in the first two I/O units, one after the other: a crash may destroy the one that is being written, and
// then the other one says whose life is found.
//
// Space that is used again gets such a mark anyway. One is written ahead of that where what lay there is in the way:
// tombstones that may only be dropped once the values they shadow are gone (rule R2), and records that recovery must
// remember to be void.
//
// Threads: the owner of the shard.

#pragma once

#include <cstdint>
#include <deque>

#include "absl/functional/any_invocable.h"
#include "storage/shard_state.h"
#include "storage/shared.h"

namespace memgrid::storage {

class FreeMarks {
 public:
  static constexpr int kMostInFlight = 8;

  // Both outlive it, and it outlives its writes (WhenIdle).
  FreeMarks(Shared& shared, ShardState& state) : shared_(shared), state_(state) {}

  // The wblock is the caller's, and no reader looks at it. It goes to the pool when its marks are durable, or when they
  // cannot be written. `second_first`: the second unit belongs to an older life than the first.
  void Write(uint32_t wblock, bool second_first);

  bool idle() const { return in_flight_ == 0 && waiting_.empty(); }
  // Runs `done` when nothing is under way; at most one at a time.
  void WhenIdle(absl::AnyInvocable<void()> done);

 private:
  struct Job {
    uint32_t wblock;
    bool second_first;
    uint64_t incarnation = 0;
  };

  void Issue();
  void Send(const Job& job, bool second, bool last);
  void Finish(const Job& job, bool written);

  Shared& shared_;
  ShardState& state_;
  int in_flight_ = 0;
  std::deque<Job> waiting_;
  absl::AnyInvocable<void()> idle_;
};

}  // namespace memgrid::storage
