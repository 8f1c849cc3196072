// The event loop of a real process: epoll, a timer wheel, a queue for other threads.
//
// Descriptors are registered once, edge-triggered for reading and writing, and never changed again;
// which of them are ready is kept here. A change of interest and a connection that stays readable
// therefore cost no system call. A turn makes one epoll_wait, and at most one io_uring_enter.

#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "env/loop.h"
#include "env/posix/internal/disk_queue.h"
#include "env/posix/internal/time_and_chance.h"
#include "env/posix/internal/timer_wheel.h"
#include "env/posix/internal/unique_fd.h"

namespace memgrid::env::internal {

class BlockingPool;
class Lingering;

// Something with a descriptor in a loop's epoll set. Told of events before anything else of the
// turn runs: it takes note and must not run foreign code.
class EpollTarget {
 public:
  virtual void OnEvents(uint32_t events) = 0;

 protected:
  ~EpollTarget() = default;
};

// Something ready to be dealt with in this turn; in its loop's list while it is.
class ReadyTarget {
 public:
  // Runs foreign code, which may destroy this object. True to be called again next turn.
  virtual bool OnReady() = 0;

 protected:
  ReadyTarget() = default;
  virtual ~ReadyTarget();
  friend class PosixLoop;

 private:
  class PosixLoop* listed_ = nullptr;  // the loop whose list this is in, or being called by
  ReadyTarget* prev_ = nullptr;
  ReadyTarget* next_ = nullptr;
};

// Something that a loop owns and does not look into.
class LoopPart {
 public:
  virtual ~LoopPart() = default;
};

// What all loops of a group share.
struct LoopShared {
  PosixClock clock;
  PosixRandom random;
  base::Qsbr* qsbr = nullptr;
  BlockingPool* pool = nullptr;
  std::atomic<uint64_t> slow_turns{0};
  std::function<void(int loop, Nanos took)> on_slow_turn;  // may be empty
  bool io_uring = true;
};

class PosixLoop final : public Loop {
 public:
  PosixLoop(int index, LoopShared& shared);
  ~PosixLoop() override;

  // The loop whose thread this is, or null.
  static PosixLoop* Current();

  void Start();
  void RequestStop();
  void Join();
  // After Join, before any loop of the group is destroyed: destroys what was not run.
  void DropTasks();

  int index() const override { return index_; }
  void Post(base::Task task) override;
  TimerId RunAfter(Nanos delay, base::Task task) override;
  void Cancel(TimerId timer) override { timers_.Cancel(timer); }
  void AtTurnEnd(base::Task hook) override { hooks_.push_back(std::move(hook)); }
  void RequestTurn() override { again_ = true; }
  bool InLoop() const override { return Current() == this; }
  const Clock& clock() const override { return shared_.clock; }
  Random& random() override { return shared_.random; }
  Network& network() override { return *network_; }
  Disk& disk() override { return *disk_; }

  // For the parts of a loop: connections, listeners, the disk.

  // Registers `fd` once for everything, edge-triggered, or for reading, level-triggered. 0 or
  // errno.
  int Watch(int fd, EpollTarget* target, bool edge_triggered = true);
  void Unwatch(int fd);
  // Has `target` called in this turn (from OnEvents) or the next. Nothing if it is listed already.
  void MakeReady(ReadyTarget* target);
  // Takes `target` out of the list; if it is being called, its answer will not be looked at.
  void Forget(ReadyTarget* target);
  // False once the target that is being called was destroyed or forgotten.
  bool StillCalling(const ReadyTarget* target) const { return calling_ == target; }
  DiskQueue& disk_queue() { return *disk_queue_; }
  BlockingPool& pool() { return *shared_.pool; }
  Lingering& lingering() { return *lingering_; }
  LoopPart* signals() { return signals_.get(); }
  void set_signals(std::unique_ptr<LoopPart> signals) { signals_ = std::move(signals); }

 private:
  static constexpr Nanos kSlowTurn = Millis(10);
  static constexpr int kEventsPerTurn = 512;
  static constexpr size_t kTasksPerTurn = 8192;
  static constexpr int kTimersPerTurn = 1024;

  struct Wakeup final : EpollTarget {
    void OnEvents(uint32_t) override {}  // being awake is all
  };

  void Run();
  void Turn();
  // Waits for input if there is nothing to do, and takes note of what came.
  void Poll();
  bool HasWork() const;
  int SleepMillis() const;
  void TakePosted();
  void RunTimers(Nanos now);
  void RunReady();
  void RunTasks();
  void NoteTurn(Nanos started);
  friend class ReadyTarget;
  void Unlist(ReadyTarget* target);

  const int index_;
  LoopShared& shared_;
  UniqueFd epoll_;
  UniqueFd event_;
  Wakeup wakeup_;
  TimerWheel timers_;
  std::deque<base::Task> hooks_;  // stay in place while a hook adds another
  bool again_ = false;
  std::atomic<bool> stopping_{false};

  // Tasks from other threads. `asleep_` is set under the lock only when nothing is posted, so the
  // one who posts first after that wakes the loop, and nobody else needs to.
  std::mutex mutex_;
  std::vector<base::Task> posted_;
  bool asleep_ = false;

  std::vector<base::Task> local_;    // posted by the loop itself
  std::vector<base::Task> running_;  // from running_at_ on: to be run
  size_t running_at_ = 0;

  ReadyTarget* ready_first_ = nullptr;
  ReadyTarget* ready_last_ = nullptr;
  ReadyTarget* calling_ = nullptr;  // null again if it was destroyed meanwhile
  size_t ready_count_ = 0;

  std::unique_ptr<DiskQueue> disk_queue_;
  std::unique_ptr<Disk> disk_;
  std::unique_ptr<Network> network_;
  std::unique_ptr<Lingering> lingering_;
  std::unique_ptr<LoopPart> signals_;
  std::thread thread_;
};

}  // namespace memgrid::env::internal
