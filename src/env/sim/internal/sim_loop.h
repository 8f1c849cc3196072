// The loops of one simulated server: turns as in a real process, at moments that chance decides.

#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "env/disk.h"
#include "env/loop.h"
#include "env/sim/internal/scheduler.h"

namespace memgrid::env::internal {

class SimConnection;
class SimHost;
class SimLoopGroup;

class SimLoop final : public Loop {
 public:
  SimLoop(int index, SimLoopGroup& group);
  ~SimLoop() override;

  // The loop whose turn it is, or null. One simulation runs at a time on a thread.
  static SimLoop* Current();

  int index() const override { return index_; }
  void Post(base::Task task) override;
  TimerId RunAfter(Nanos delay, base::Task task) override;
  void Cancel(TimerId timer) override;
  void AtTurnEnd(base::Task hook) override { hooks_.push_back(std::move(hook)); }
  void RequestTurn() override;
  bool InLoop() const override { return Current() == this; }
  const Clock& clock() const override;
  Random& random() override;
  Network& network() override { return *network_; }
  Disk& disk() override;

  // For the parts of the simulation.
  SimLoopGroup& group() { return group_; }
  SimHost& host();
  // A disk request of this loop has come to its end; `done` runs in one of the next turns.
  void Complete(DiskDone done, absl::Status status);
  // Runs `submit` at the end of this turn, or soon if no turn is on.
  void AtSubmission(base::Task submit);
  void MakeReady(SimConnection* connection);
  void Forget(SimConnection* connection);
  bool StillCalling(const SimConnection* connection) const { return calling_ == connection; }
  void Wake();
  void DropTasks();

 private:
  struct Completion {
    DiskDone done;
    absl::Status status;
  };

  void ScheduleTurn(Nanos at);
  void RunTurn();
  void RunPhases();
  void RunTimers();
  void RunCompletions();
  void RunReady();
  void RunTasks();
  bool HasWork() const;
  bool running() const;
  Scheduler& scheduler() const;

  const int index_;
  SimLoopGroup& group_;
  std::unique_ptr<Network> network_;
  std::deque<base::Task> tasks_;
  std::map<std::pair<Nanos, TimerId>, base::Task> timers_;
  std::map<TimerId, Nanos> timer_times_;
  TimerId last_timer_ = 0;
  std::deque<base::Task> hooks_;  // stay in place while a hook adds another
  std::vector<base::Task> submissions_;
  std::vector<Completion> completions_;
  std::vector<SimConnection*> ready_;
  std::vector<SimConnection*> batch_;  // of ready ones, being called
  SimConnection* calling_ = nullptr;
  bool again_ = false;
  Nanos busy_until_{0};
  Nanos turn_at_ = Nanos::max();  // of the turn that is scheduled
  uint64_t turn_number_ = 0;      // makes events of turns that were brought forward void
  // Events outlive loops.
  const std::shared_ptr<SimLoop*> self_ = std::make_shared<SimLoop*>(this);
};

class SimLoopGroup final : public LoopGroup {
 public:
  SimLoopGroup(SimHost& host, int loops);
  ~SimLoopGroup() override;

  int size() const override { return static_cast<int>(loops_.size()); }
  Loop& loop(int index) override { return *loops_.at(static_cast<size_t>(index)); }
  base::Qsbr& qsbr() override { return qsbr_; }
  uint64_t slow_turns() const override { return 0; }
  void Start() override;
  void Stop() override;

  // Ends it where it is: nothing of it runs any more.
  void Kill() { running_ = false; }
  bool running() const { return running_; }
  SimHost& host() { return host_; }
  void DropTasks();

 private:
  SimHost& host_;
  base::Qsbr qsbr_;
  bool running_ = false;
  std::vector<std::unique_ptr<SimLoop>> loops_;
};

}  // namespace memgrid::env::internal
