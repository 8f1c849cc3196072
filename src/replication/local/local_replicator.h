// A quorum of one: a command is applied as it is proposed. The shard's own stream of records is the
// log.

#pragma once

#include <map>

#include "env/loop.h"
#include "replication/replicator.h"

namespace memgrid::replication {

class LocalReplicator final : public Replicator {
 public:
  // `machine` holds the state to go on from; it and `loop`, the owner of the shard, outlive this.
  // Made on `loop`: time begins at max(the state's clock, the wall clock) and then runs with the
  // monotonic clock.
  LocalReplicator(StateMachine& machine, env::Loop& loop);
  // After Stop, or when `loop` has stopped: who still waits is not called.
  ~LocalReplicator() override = default;

  bool immediate() const override { return true; }
  void Propose(const Entry& entry, Applied applied) override;
  uint64_t Now() override;
  bool ReadableNow(Consistency consistency, uint64_t min_version) const override {
    return consistency != Consistency::kAtLeastVersion || machine_.applied() >= min_version;
  }
  void WhenReadable(Consistency consistency, uint64_t min_version, env::Nanos deadline,
                    Readable readable) override;
  void Stop() override;

 private:
  struct Waiter {
    Readable readable;
    env::Loop::TimerId timer;
  };
  using Waiters = std::multimap<uint64_t, Waiter>;  // by the version waited for

  void Release(uint64_t applied);

  StateMachine& machine_;
  env::Loop& loop_;
  const env::Nanos monotonic_start_;
  const uint64_t time_start_ms_;
  Waiters waiters_;
  bool stopped_ = false;
};

}  // namespace memgrid::replication
