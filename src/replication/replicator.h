// The order of a shard's commands: who may propose, when a proposal counts, when a read may be
// answered.
//
// `local/` is a quorum of one. A replicated log implements the same interface.
//
// Threads: on the loop that owns the shard, except where it says "any loop".

#pragma once

#include <cstdint>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "env/clock.h"
#include "replication/consistency.h"
#include "replication/state_machine.h"

namespace memgrid::replication {

class Replicator {
 public:
  // OK: the command was committed and applied as `seq`, and answered `answer` (valid during the
  // call). UNAVAILABLE: it was not proposed, or, where the text says `outcome unknown`, its fate is
  // not known.
  using Applied = absl::AnyInvocable<void(const absl::Status&, uint64_t seq, const Answer& answer)>;
  // OK: a read of this shard's state may be answered now. DEADLINE_EXCEEDED, UNAVAILABLE: not.
  using Readable = absl::AnyInvocable<void(const absl::Status&)>;

  virtual ~Replicator() = default;

  // True where Propose calls back before it returns. Constant. Any loop.
  virtual bool immediate() const = 0;

  // Puts a command behind all those proposed before. The bytes of `entry` are borrowed until
  // `applied` has been called, exactly once. Room for it has been reserved by the caller.
  virtual void Propose(const Entry& entry, Applied applied) = 0;

  // The time that a command proposed now would carry: Unix ms, never falls, not below the state's
  // clock. A wall clock that steps has no say once the server runs.
  virtual uint64_t Now() = 0;

  // True if a read of that freshness may be answered at once. Any loop; no cost.
  virtual bool ReadableNow(Consistency consistency, uint64_t min_version) const = 0;

  // Calls `readable` when a read of that freshness may be answered, at the latest at `deadline`
  // (monotonic), or after kLongestWait if that is earlier. At most kMostWaiters wait:
  // UNAVAILABLE with a retry hint beyond.
  virtual void WhenReadable(Consistency consistency, uint64_t min_version, env::Nanos deadline,
                            Readable readable) = 0;

  // Drops all who wait (UNAVAILABLE) and proposes nothing more.
  virtual void Stop() = 0;

  static constexpr env::Nanos kLongestWait = env::Millis(10'000);
  static constexpr size_t kMostWaiters = 4096;
};

}  // namespace memgrid::replication
