#include "env/posix/internal/posix_loop.h"

#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <limits>
#include <utility>

#include "base/check.h"
#include "base/strings.h"
#include "env/disk.h"
#include "env/network.h"
#include "env/posix/internal/lingering.h"
#include "env/posix/internal/posix_disk.h"
#include "env/posix/internal/posix_network.h"

namespace memgrid::env::internal {
namespace {

thread_local PosixLoop* current_loop = nullptr;

// Longer timers are cut to this: sums with the clock cannot overflow.
constexpr Nanos kMaxDelay = std::chrono::hours(24 * 3650);

constexpr Nanos kTick = Millis(1);

}  // namespace

ReadyTarget::~ReadyTarget() {
  if (listed_ != nullptr) listed_->Unlist(this);
  if (current_loop != nullptr && current_loop->calling_ == this) current_loop->calling_ = nullptr;
}

PosixLoop* PosixLoop::Current() { return current_loop; }

PosixLoop::PosixLoop(int index, LoopShared& shared)
    : index_(index),
      shared_(shared),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      event_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)),
      timers_(static_cast<uint64_t>(shared.clock.Monotonic() / kTick)) {
  MEMGRID_CHECK(epoll_.ok() && event_.ok(), "no descriptors for a loop, errno ", errno);
  MEMGRID_CHECK(Watch(event_.get(), &wakeup_) == 0, "epoll_ctl, errno ", errno);
  if (shared.io_uring) disk_queue_ = MakeUringQueue(*this);
  if (disk_queue_ == nullptr) disk_queue_ = MakePoolQueue(*this, *shared.pool);
  disk_ = std::make_unique<PosixDisk>();
  network_ = std::make_unique<PosixNetwork>(*this);
  lingering_ = std::make_unique<Lingering>(*this);
}

PosixLoop::~PosixLoop() = default;

void PosixLoop::Start() {
  thread_ = std::thread([this] { Run(); });
}

void PosixLoop::RequestStop() {
  stopping_.store(true, std::memory_order_release);
  const uint64_t one = 1;
  (void)!::write(event_.get(), &one, sizeof one);
}

void PosixLoop::Join() {
  if (thread_.joinable()) thread_.join();
}

void PosixLoop::DropTasks() {
  // What is destroyed may post and set timers once more as it goes.
  for (int round = 0; round < 3; ++round) {
    std::vector<base::Task> dropped;
    {
      std::lock_guard lock(mutex_);
      dropped.swap(posted_);
    }
    dropped.clear();
    dropped.swap(local_);
    dropped.clear();
    dropped.swap(running_);
    running_at_ = 0;
    dropped.clear();
    std::exchange(hooks_, {}).clear();
    timers_.Clear();
    static_cast<PosixNetwork&>(*network_).DropConnecting();
    lingering_->Clear();
    signals_.reset();
  }
}

void PosixLoop::Post(base::Task task) {
  if (InLoop()) {
    local_.push_back(std::move(task));
    return;
  }
  bool wake;
  {
    std::lock_guard lock(mutex_);
    posted_.push_back(std::move(task));
    wake = std::exchange(asleep_, false);
  }
  if (wake) {
    const uint64_t one = 1;
    (void)!::write(event_.get(), &one, sizeof one);
  }
}

Loop::TimerId PosixLoop::RunAfter(Nanos delay, base::Task task) {
  const Nanos due = shared_.clock.Monotonic() + std::clamp(delay, Nanos(0), kMaxDelay);
  return timers_.Set(static_cast<uint64_t>((due + kTick - Nanos(1)) / kTick), std::move(task));
}

int PosixLoop::Watch(int fd, EpollTarget* target, bool edge_triggered) {
  epoll_event event{};
  event.events = edge_triggered ? EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET : EPOLLIN;
  event.data.ptr = target;
  return ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) == 0 ? 0 : errno;
}

void PosixLoop::Unwatch(int fd) { ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr); }

void PosixLoop::MakeReady(ReadyTarget* target) {
  if (target->listed_ != nullptr) return;
  target->listed_ = this;
  target->prev_ = ready_last_;
  target->next_ = nullptr;
  (ready_last_ == nullptr ? ready_first_ : ready_last_->next_) = target;
  ready_last_ = target;
  ++ready_count_;
}

void PosixLoop::Unlist(ReadyTarget* target) {
  (target->prev_ == nullptr ? ready_first_ : target->prev_->next_) = target->next_;
  (target->next_ == nullptr ? ready_last_ : target->next_->prev_) = target->prev_;
  target->listed_ = nullptr;
  --ready_count_;
}

void PosixLoop::Forget(ReadyTarget* target) {
  if (target->listed_ == this) Unlist(target);
  if (calling_ == target) calling_ = nullptr;
}

void PosixLoop::Run() {
  current_loop = this;
  ::pthread_setname_np(::pthread_self(), base::StrCat("mg-loop-", index_).c_str());
  shared_.qsbr->Back(index_);
  while (!stopping_.load(std::memory_order_acquire)) Turn();
  disk_queue_->Drain();
  shared_.qsbr->Away(index_);
  current_loop = nullptr;
}

void PosixLoop::Turn() {
  Poll();
  const Nanos started = shared_.clock.Monotonic();
  RunTimers(started);
  disk_queue_->RunCompletions();
  RunReady();
  RunTasks();
  for (size_t i = 0; i < hooks_.size(); ++i) hooks_[i]();
  disk_queue_->Flush();
  shared_.qsbr->TurnOver(index_);
  NoteTurn(started);
}

void PosixLoop::Poll() {
  bool sleep = !HasWork();
  again_ = false;
  if (sleep) {
    std::lock_guard lock(mutex_);
    asleep_ = sleep = posted_.empty();
  }
  const int timeout_ms = sleep ? SleepMillis() : 0;
  if (sleep) shared_.qsbr->Away(index_);
  epoll_event events[kEventsPerTurn];
  const int count = ::epoll_wait(epoll_.get(), events, kEventsPerTurn, timeout_ms);
  MEMGRID_CHECK(count >= 0 || errno == EINTR, "epoll_wait, errno ", errno);
  if (sleep) shared_.qsbr->Back(index_);
  for (int i = 0; i < count; ++i) {
    static_cast<EpollTarget*>(events[i].data.ptr)->OnEvents(events[i].events);
  }
}

bool PosixLoop::HasWork() const {
  return again_ || ready_first_ != nullptr || !local_.empty() || running_at_ < running_.size() ||
         timers_.has_due() || disk_queue_->HasCompletions();
}

int PosixLoop::SleepMillis() const {
  const uint64_t next = timers_.NextTick();
  if (next == TimerWheel::kNever) return -1;
  const auto now = static_cast<uint64_t>(shared_.clock.Monotonic() / kTick);
  constexpr uint64_t kLongest = std::numeric_limits<int>::max();
  return static_cast<int>(next <= now ? 0 : std::min(next - now, kLongest));
}

void PosixLoop::RunTimers(Nanos now) {
  timers_.Advance(static_cast<uint64_t>(now / kTick));
  base::Task task;
  for (int i = 0; i < kTimersPerTurn && timers_.TakeDue(&task); ++i) {
    task();
    task = nullptr;
  }
}

void PosixLoop::RunReady() {
  // Who stays ready is listed anew behind the others and has its turn next time.
  for (size_t left = ready_count_; left > 0 && ready_first_ != nullptr; --left) {
    ReadyTarget* const target = ready_first_;
    Unlist(target);
    calling_ = target;
    const bool again = target->OnReady();
    if (std::exchange(calling_, nullptr) == target && again) MakeReady(target);
  }
}

void PosixLoop::RunTasks() {
  TakePosted();
  const size_t end = std::min(running_.size(), running_at_ + kTasksPerTurn);
  while (running_at_ < end) {
    base::Task task = std::move(running_[running_at_++]);
    task();
  }
  if (running_at_ == running_.size()) {
    running_.clear();
    running_at_ = 0;
  }
}

void PosixLoop::TakePosted() {
  const bool empty = running_.empty();
  {
    std::lock_guard lock(mutex_);
    asleep_ = false;
    if (empty) {
      running_.swap(posted_);
    } else {
      std::move(posted_.begin(), posted_.end(), std::back_inserter(running_));
      posted_.clear();
    }
  }
  if (running_.empty()) {
    running_.swap(local_);
  } else {
    std::move(local_.begin(), local_.end(), std::back_inserter(running_));
    local_.clear();
  }
}

void PosixLoop::NoteTurn(Nanos started) {
  const Nanos took = shared_.clock.Monotonic() - started;
  if (took <= kSlowTurn) return;
  shared_.slow_turns.fetch_add(1, std::memory_order_relaxed);
  if (shared_.on_slow_turn) shared_.on_slow_turn(index_, took);
}

}  // namespace memgrid::env::internal
