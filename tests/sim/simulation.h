// One store over many lives in a simulated machine.

#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "actor.h"
#include "env/sim/sim_world.h"
#include "plan.h"
#include "storage/store.h"

namespace memgrid::sim {

class Simulation {
 public:
  explicit Simulation(const Plan& plan);
  ~Simulation();

  // Runs all lives. What is wrong, or nothing.
  std::optional<std::string> Run();

  uint64_t trace_hash() const { return world_.trace_hash(); }
  env::Nanos virtual_time() const { return world_.now(); }
  const Tally& tally() const { return tally_; }
  // That its disk has counted.
  uint64_t disk_events() { return world_.disk(kHost).events(); }

 private:
  void Live();
  void ChooseCrash();
  void ChooseTrouble();
  void EndTrouble();
  void Rot();
  bool Open();
  void Check();
  void Work();
  void Compare();
  void CloseInPeace();
  void End();
  bool RunUntil(absl::FunctionRef<bool()> done, env::Nanos limit);
  void Fail(std::string what);
  bool last() const { return life_ + 1 == plan_.lives; }
  bool failed() const { return failure_.has_value(); }
  bool crashed() const { return world_.crashed(kHost); }

  static constexpr const char* kHost = "n1";

  const Plan plan_;
  Dice dice_;
  env::SimWorld world_;
  Tally tally_;
  std::vector<std::unique_ptr<Actor>> actors_;
  std::optional<std::string> failure_;
  bool peaceful_ = false;  // the life before was closed
  bool rotten_ = false;    // bits have changed since

  // of this life
  int life_ = 0;
  env::LoopGroup* group_ = nullptr;
  std::unique_ptr<storage::Store> store_;
};

}  // namespace memgrid::sim
