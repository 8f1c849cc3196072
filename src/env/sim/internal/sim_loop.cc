#include "env/sim/internal/sim_loop.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "env/network.h"
#include "env/sim/internal/sim_connection.h"
#include "env/sim/internal/sim_host.h"
#include "env/sim/internal/sim_network.h"

namespace memgrid::env::internal {
namespace {

using std::chrono::microseconds;

thread_local SimLoop* current_loop = nullptr;

constexpr Nanos kMaxDelay = std::chrono::hours(24 * 3650);
constexpr uint64_t kNoteTurn = 1;

}  // namespace

SimLoop::SimLoop(int index, SimLoopGroup& group)
    : index_(index), group_(group), network_(std::make_unique<SimNetwork>(*this)) {}

SimLoop::~SimLoop() = default;

SimLoop* SimLoop::Current() { return current_loop; }

SimHost& SimLoop::host() { return group_.host(); }

Scheduler& SimLoop::scheduler() const { return group_.host().scheduler(); }

bool SimLoop::running() const { return group_.running(); }

const Clock& SimLoop::clock() const { return group_.host(); }

Random& SimLoop::random() { return group_.host(); }

Disk& SimLoop::disk() { return group_.host().disk; }

void SimLoop::Post(base::Task task) {
  tasks_.push_back(std::move(task));
  Wake();
}

Loop::TimerId SimLoop::RunAfter(Nanos delay, base::Task task) {
  const Nanos at = scheduler().now() + std::clamp(delay, Nanos(0), kMaxDelay);
  const TimerId id = ++last_timer_;
  timers_.emplace(std::pair(at, id), std::move(task));
  timer_times_.emplace(id, at);
  if (running()) ScheduleTurn(std::max(at, busy_until_));
  return id;
}

void SimLoop::Cancel(TimerId timer) {
  const auto found = timer_times_.find(timer);
  if (found == timer_times_.end()) return;
  // Destroyed last: what the task holds may set and cancel timers as it goes.
  const auto node = timers_.extract(std::pair(found->second, timer));
  timer_times_.erase(found);
}

void SimLoop::RequestTurn() {
  again_ = true;
  Wake();
}

void SimLoop::Complete(DiskDone done, absl::Status status) {
  completions_.push_back({std::move(done), std::move(status)});
  Wake();
}

void SimLoop::AtSubmission(base::Task submit) { submissions_.push_back(std::move(submit)); }

void SimLoop::MakeReady(SimConnection* connection) {
  if (std::find(ready_.begin(), ready_.end(), connection) == ready_.end()) {
    ready_.push_back(connection);
  }
  Wake();
}

void SimLoop::Forget(SimConnection* connection) {
  std::replace(ready_.begin(), ready_.end(), connection, static_cast<SimConnection*>(nullptr));
  std::replace(batch_.begin(), batch_.end(), connection, static_cast<SimConnection*>(nullptr));
  if (calling_ == connection) calling_ = nullptr;
}

void SimLoop::Wake() {
  // In its own turn it looks for work at the end anyway.
  if (!running() || current_loop == this) return;
  const Nanos delay = scheduler().chance().Between(Nanos(0), microseconds(30));
  ScheduleTurn(std::max(scheduler().now(), busy_until_) + delay);
}

void SimLoop::DropTasks() {
  // What is destroyed may post and set timers once more as it goes.
  for (int round = 0; round < 3; ++round) {
    std::exchange(tasks_, {}).clear();
    timer_times_.clear();
    std::exchange(timers_, {}).clear();
    std::exchange(hooks_, {}).clear();
    std::exchange(submissions_, {}).clear();
    std::exchange(completions_, {}).clear();
    static_cast<SimNetwork&>(*network_).DropConnecting();
  }
}

void SimLoop::ScheduleTurn(Nanos at) {
  if (at >= turn_at_) return;
  turn_at_ = at;
  scheduler().At(at, [self = std::weak_ptr<SimLoop*>(self_), number = ++turn_number_] {
    const auto loop = self.lock();
    if (loop != nullptr && (*loop)->turn_number_ == number) (*loop)->RunTurn();
  });
}

void SimLoop::RunTurn() {
  if (!running()) return;
  turn_at_ = Nanos::max();
  const Nanos now = scheduler().now();
  const Nanos not_before = std::max(host().paused_until, busy_until_);
  if (now < not_before) return ScheduleTurn(not_before);
  scheduler().Note(kNoteTurn, host().number() << 8 | static_cast<uint64_t>(index_));
  again_ = false;
  current_loop = this;
  group_.qsbr().Back(index_);
  RunPhases();
  group_.qsbr().TurnOver(index_);
  current_loop = nullptr;
  busy_until_ = now + scheduler().chance().Between(microseconds(1), microseconds(10));
  if (HasWork()) return Wake();
  group_.qsbr().Away(index_);
  if (running() && !timers_.empty()) {
    ScheduleTurn(std::max(timers_.begin()->first.first, busy_until_));
  }
}

void SimLoop::RunPhases() {
  RunTimers();
  RunCompletions();
  RunReady();
  RunTasks();
  for (size_t i = 0; running() && i < hooks_.size(); ++i) hooks_[i]();
  std::vector<base::Task> submissions = std::exchange(submissions_, {});
  for (size_t i = 0; running() && i < submissions.size(); ++i) submissions[i]();
}

void SimLoop::RunTimers() {
  const TimerId last = last_timer_;
  while (running() && !timers_.empty()) {
    const auto [at, id] = timers_.begin()->first;
    // Those that are set meanwhile have their turn later.
    if (at > scheduler().now() || id > last) return;
    auto node = timers_.extract(timers_.begin());
    timer_times_.erase(id);
    node.mapped()();
  }
}

void SimLoop::RunCompletions() {
  std::vector<Completion> completions = std::exchange(completions_, {});
  for (size_t i = 0; running() && i < completions.size(); ++i) {
    completions[i].done(std::move(completions[i].status));
  }
}

void SimLoop::RunReady() {
  batch_ = std::exchange(ready_, {});
  for (size_t i = batch_.size(); i > 1; --i) {
    std::swap(batch_[i - 1], batch_[scheduler().chance().Below(i)]);
  }
  for (size_t i = 0; running() && i < batch_.size(); ++i) {
    SimConnection* const connection = std::exchange(batch_[i], nullptr);
    if (connection == nullptr) continue;
    calling_ = connection;
    const bool again = connection->OnReady();
    if (std::exchange(calling_, nullptr) == connection && again) MakeReady(connection);
  }
  batch_.clear();
}

void SimLoop::RunTasks() {
  size_t count = tasks_.size();
  // Now and then only some of them have come by now.
  if (count > 1 && scheduler().chance().Chance(0.125)) {
    count = 1 + scheduler().chance().Below(count);
  }
  for (; running() && count > 0; --count) {
    base::Task task = std::move(tasks_.front());
    tasks_.pop_front();
    task();
  }
}

bool SimLoop::HasWork() const {
  return running() && (again_ || !tasks_.empty() || !completions_.empty() || !ready_.empty() ||
                       !submissions_.empty());
}

SimLoopGroup::SimLoopGroup(SimHost& host, int loops) : host_(host), qsbr_(loops) {
  for (int i = 0; i < loops; ++i) loops_.push_back(std::make_unique<SimLoop>(i, *this));
}

SimLoopGroup::~SimLoopGroup() { DropTasks(); }

void SimLoopGroup::Start() {
  MEMGRID_CHECK(host_.group() == this && !host_.crashed, "a process that is gone cannot start");
  running_ = true;
  for (const auto& loop : loops_) loop->Wake();
}

void SimLoopGroup::Stop() {
  MEMGRID_CHECK(SimLoop::Current() == nullptr, "loops cannot stop themselves");
  if (std::exchange(running_, false)) host_.disk.Settle();
  DropTasks();
}

void SimLoopGroup::DropTasks() {
  for (const auto& loop : loops_) loop->DropTasks();
}

}  // namespace memgrid::env::internal
