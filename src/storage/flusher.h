// Brings a shard's streams to their shadow files and knows what is durable.
//
// Decided once a turn: a flush leaves when a writer waits for it and none is under way (so writers that come meanwhile
// share the next one), when its oldest byte is older than half of `flush-max-ms`, when it is full, or as a closing mark.
// P (`persisted`) follows contiguous completions only; PR (`recorded`) is what durable marks state.
// (docs/internals/write_path.md)
//
// Threads: the owner of the shard. A store without shadow has no flusher.

#pragma once

#include <cstdint>
#include <deque>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "env/clock.h"
#include "storage/stream.h"

namespace memgrid::storage {

class Flusher {
 public:
  static constexpr int kMostInFlight = 4;  // of a stream
  static constexpr size_t kMostWaiters = 65536;
  static constexpr env::Nanos kNever = env::Nanos::max();

  // All outlive it, and it outlives every flush that was issued. `*active` is set when a flush completes: the shard then
  // has something to do at the end of the turn.
  Flusher(Shared& shared, ShardState& state, Accounts& accounts, Stream& head, Stream& survivors, bool* active);

  // Runs `done` once everything up to `seq` (≤ applied) is durable, or with the reason why it never will be.
  // RESOURCE_EXHAUSTED at once if too many wait already.
  void WhenPersisted(uint64_t seq, absl::AnyInvocable<void(absl::Status)> done);
  // As if somebody waited for `seq`.
  void FlushTo(uint64_t seq) { flush_to_ = std::max(flush_to_, seq); }
  // Asks that survivors be flushed now: reclaim waits for them.
  void FlushSurvivors() { flush_survivors_ = true; }
  // Asks for a mark that states what is durable now, if that is more than what is recorded: reclaim waits for it.
  void WantRecorded() { want_recorded_ = true; }
  // From now on everything is flushed at once; `done` when all is durable and claimed by closing marks.
  void Drain(absl::AnyInvocable<void(absl::Status)> done);

  // At the end of every turn in which the shard did something, outside commands. Returns when it wants to be called
  // again at the latest.
  env::Nanos TurnEnd(env::Nanos now);

  // OK, or why nothing more becomes durable (EIO and its like).
  const absl::Status& failure() const { return failure_; }
  // When the oldest byte that is not durable was appended; kNever if there is none.
  env::Nanos oldest_unflushed() const;
  bool idle() const { return head_.stream.flushes().empty() && survivors_.stream.flushes().empty(); }

 private:
  struct Waiter {
    uint64_t seq;
    absl::AnyInvocable<void(absl::Status)> done;
  };
  // One stream's side.
  struct Side {
    explicit Side(Stream& of) : stream(of) {}
    Stream& stream;
    uint64_t first_id = 0;  // id of stream.flushes().front()
    int in_flight = 0;
    bool retry = false;         // the device was full: try again at retry_at
    env::Nanos retry_at{0};
    bool unclaimed = false;     // bytes were flushed that no later mark claims
    env::Nanos gathering_since{kNever};
    env::Nanos last_done{0};
    uint32_t counted = 0;       // gathered bytes that the stripe's credit knows of
    uint32_t counted_stripe = 0;
    std::deque<env::Nanos> since;  // of each flush in stream.flushes(): age of its oldest byte
  };

  uint64_t WantedSeq() const;
  void CloseHead(env::Nanos now);
  void CloseSide(Side& side, env::Nanos now, bool at_once);
  void CloseByMark(Side& side, env::Nanos now);
  void Track(Side& side, env::Nanos now);
  void CountGathering(Side& side);
  void Issue(Side& side, env::Nanos now);
  void Send(Side& side, Flush& flush, uint64_t id);
  void OnDone(Side& side, uint64_t id, absl::Status status);
  void Settle(Side& side);
  void SettleOne(Side& side, const Flush& flush);
  void Fail(Side& side, const absl::Status& status);
  void RunWaiters();
  void RunDrained();
  env::Nanos NextDeadline(env::Nanos now) const;
  env::Nanos flush_age() const;

  Shared& shared_;
  ShardState& state_;
  Accounts& accounts_;
  Side head_;
  Side survivors_;
  std::deque<Waiter> waiters_;  // by seq
  uint64_t flush_to_ = 0;
  bool* const active_;
  bool flush_survivors_ = false;
  bool want_recorded_ = false;
  bool draining_ = false;
  absl::AnyInvocable<void(absl::Status)> drained_;
  absl::Status failure_;
  env::Nanos now_{0};  // of the latest turn
};

}  // namespace memgrid::storage
