// The state of one shard: commands applied once, in order (replication/state_machine.h).

#pragma once

#include "grid/shard_state.h"
#include "replication/state_machine.h"

namespace memgrid::grid {

// Answers are encoded Results (result.h); a repeated command is answered from its client's session.
class ShardMachine final : public replication::StateMachine {
 public:
  // `state` outlives this.
  explicit ShardMachine(ShardState& state) : state_(state) {}

  void Apply(uint64_t seq, uint64_t term, uint64_t time_ms, const replication::Entry& entry,
             replication::Answer& answer) override;
  uint64_t applied() const override { return state_.shard().applied(); }
  uint64_t clock_ms() const override { return state_.shard().clock_ms(); }

  // Commands answered from a session, since the start.
  uint64_t repeated() const { return repeated_; }

 private:
  ShardState& state_;
  uint64_t repeated_ = 0;
};

}  // namespace memgrid::grid
