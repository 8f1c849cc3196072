// One simulated machine: its disk stays while server processes come and go.

#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "env/clock.h"
#include "env/random.h"
#include "env/sim/internal/scheduler.h"
#include "env/sim/internal/sim_loop.h"
#include "env/sim/sim_disk.h"
#include "env/sim/sim_world.h"

namespace memgrid::env::internal {

class SimListener;
class SimStream;

class SimHost final : public Clock, public Random {
 public:
  SimHost(std::string name, uint64_t number, SimWorld& world, Scheduler& scheduler);
  ~SimHost() override;

  // The process on it is gone, as after SIGKILL and a power failure in one.
  void Crash();
  // Destroys what a process that is gone has left: not while one of its loops runs.
  void DropTasks();

  Nanos Monotonic() const override { return scheduler_.now(); }
  int64_t WallMillis() const override;
  uint64_t Next() override { return random_.Next(); }
  void Fill(std::span<char> out) override;

  const std::string& name() const { return name_; }
  uint64_t number() const { return number_; }
  SimWorld& world() { return world_; }
  Scheduler& scheduler() { return scheduler_; }
  bool up() const { return group_ != nullptr && group_->running(); }

  SimDisk disk;
  std::map<uint16_t, SimListener*> listeners;
  uint16_t next_port = 40'000;
  Nanos paused_until{0};
  int64_t wall_step_ms = 0;
  bool crashed = false;

  void set_group(std::unique_ptr<SimLoopGroup> group) { group_ = std::move(group); }
  SimLoopGroup* group() { return group_.get(); }

 private:
  const std::string name_;
  const uint64_t number_;
  SimWorld& world_;
  Scheduler& scheduler_;
  SeededChance random_;  // of its own: what a server draws does not move the schedule
  std::unique_ptr<SimLoopGroup> group_;
};

}  // namespace memgrid::env::internal
