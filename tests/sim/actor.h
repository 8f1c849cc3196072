// Drives one shard over many lives of its store and knows what it must be.
//
// Two models: one of the state at the last command that the shard called durable, and one of the
// present; between them the log of commands. After a crash the shard must be the first plus the log
// up to the command that recovery names, whichever it is.

#pragma once

#include <cstdint>
#include <deque>
#include <string>

#include "absl/functional/any_invocable.h"
#include "env/loop.h"
#include "plan.h"
#include "storage/store.h"
#include "workload.h"

namespace memgrid::sim {

// What happened, for the last line and to see that the simulation did something.
struct Tally {
  uint64_t commands = 0;
  uint64_t refused = 0;
  uint64_t reads = 0;
  uint64_t crashes = 0;
  uint64_t crashed_starts = 0;  // of the crashes: before the store was open
  uint64_t closes = 0;
  uint64_t lost_commands = 0;   // applied, not acknowledged as durable, gone with a crash
  uint64_t flipped = 0;         // bits
  uint64_t moved = 0;           // bytes, by defrag
  uint64_t damaged = 0;         // shards that refuse service because of it

  void Add(const Tally& other);
  std::string Describe() const;
};

class Actor {
 public:
  // All outlive it. `fail` is told what is wrong; the simulation then ends.
  Actor(int number, const Plan& plan, Tally& tally, absl::AnyInvocable<void(std::string)> fail);

  // After a start, in a turn: compares the shard with the state at the command that it came back
  // to, and goes on from there. `peaceful`: it was closed and must have lost nothing.
  void Recovered(storage::Shard& shard, uint64_t applied, bool peaceful);
  // The same after bits have changed on the disk of a store that was closed.
  void RecoveredFromRot(storage::Shard& shard, uint64_t applied);

  // Issues commands on the shard's loop until `commands` have been applied. `group`: to read from
  // other loops. Not called by a loop.
  void Start(storage::Shard& shard, env::LoopGroup& group, uint64_t commands);
  bool done() const { return wanted_ == 0; }
  // The life has ended. `shard` may still be asked what was durable.
  void Ended(const storage::Shard& shard);

  // The stripe or shard has failed on purpose: refusals are no fault any more.
  void set_may_refuse(bool may) { may_refuse_ = may; }
  const ModelShard& present() const { return present_; }
  const std::set<ModelName>& names() const { return workload_.names(); }

 private:
  void Batch();
  void Again(env::Nanos delay);
  // False: not now; the delay has been set.
  bool Step(env::Nanos* delay);
  bool Admit(const ModelCommand& command, env::Nanos* delay);
  void Apply(ModelCommand command);
  void CheckOne(const ModelName& name);
  void ReadElsewhere();
  void Acknowledge(uint64_t seq);

  const int number_;
  const Plan& plan_;
  Tally& tally_;
  absl::AnyInvocable<void(std::string)> fail_;
  Workload workload_;
  Dice dice_;

  ModelShard durable_;   // the state at durable_seq_
  uint64_t durable_seq_ = 0;
  std::deque<ModelCommand> log_;  // after it
  ModelShard present_;
  uint64_t applied_ = 0;
  bool may_refuse_ = false;

  // of this life
  storage::Shard* shard_ = nullptr;
  env::LoopGroup* group_ = nullptr;
  uint64_t wanted_ = 0;
  int64_t refused_since_ms_ = -1;
  uint64_t life_ = 0;
};

}  // namespace memgrid::sim
