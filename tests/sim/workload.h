// Random commands for one shard, chosen so that they make sense in its present state.

#pragma once

#include <cstdint>
#include <set>

#include "dice.h"
#include "plan.h"
#include "storage/shard.h"
#include "storage/testing/model_engine.h"

namespace memgrid::sim {

using storage::testing::ModelCommand;
using storage::testing::ModelName;
using storage::testing::ModelOp;
using storage::testing::ModelShard;

class Workload {
 public:
  Workload(const Plan& plan, uint64_t seed) : plan_(plan), dice_(seed) {}

  // The next command (its seq is the caller's). `now_ms`: the proposer's time, for ticks.
  ModelCommand Next(const ModelShard& state, uint64_t now_ms);
  // One that gives space back; without ops if there is nothing to remove.
  ModelCommand Removal(const ModelShard& state);
  // Any name, used or not.
  ModelName AnyName();

  // What Admit is to be asked for.
  storage::Need NeedOf(const ModelCommand& command, const ModelShard& state) const;

  // Every name that was ever given out.
  const std::set<ModelName>& names() const { return names_; }
  Dice& dice() { return dice_; }

 private:
  ModelName Key();
  ModelName RegionName();
  ModelOp KeyOp(const ModelShard& state);
  ModelOp RegionOp(const ModelShard& state);
  ModelOp GridOp();
  ModelOp Tick(uint64_t now_ms);
  uint64_t ValueLength();
  uint64_t RegionOffset();

  const Plan& plan_;
  Dice dice_;
  std::set<ModelName> names_;
  uint64_t contents_ = 0;
};

// One line.
std::string Describe(const ModelCommand& command);

// Carries the command out.
// Returns what differs from the model before it, empty if nothing does.
std::string Execute(storage::Shard& shard, const ModelCommand& command, const ModelShard& before);

}  // namespace memgrid::sim
