#include "env/posix/posix_env.h"

#include <utility>
#include <vector>

#include "base/check.h"
#include "env/posix/internal/blocking_pool.h"
#include "env/posix/internal/posix_disk.h"
#include "env/posix/internal/posix_loop.h"
#include "env/posix/internal/time_and_chance.h"

namespace memgrid::env {
namespace {

using internal::BlockingPool;
using internal::LoopShared;
using internal::PosixLoop;

class PosixLoopGroup final : public LoopGroup {
 public:
  explicit PosixLoopGroup(PosixOptions options)
      : qsbr_(options.loops), pool_(options.blocking_threads) {
    shared_.qsbr = &qsbr_;
    shared_.pool = &pool_;
    shared_.on_slow_turn = std::move(options.on_slow_turn);
    shared_.io_uring = options.io_uring;
    for (int i = 0; i < options.loops; ++i) {
      loops_.push_back(std::make_unique<PosixLoop>(i, shared_));
    }
  }

  ~PosixLoopGroup() override { Stop(); }

  int size() const override { return static_cast<int>(loops_.size()); }
  Loop& loop(int index) override { return *loops_.at(static_cast<size_t>(index)); }
  base::Qsbr& qsbr() override { return qsbr_; }
  uint64_t slow_turns() const override {
    return shared_.slow_turns.load(std::memory_order_relaxed);
  }

  void Start() override {
    for (const auto& loop : loops_) loop->Start();
  }

  void Stop() override {
    MEMGRID_CHECK(PosixLoop::Current() == nullptr, "loops cannot stop themselves");
    for (const auto& loop : loops_) loop->RequestStop();
    for (const auto& loop : loops_) loop->Join();
    // The pool's last jobs use buffers that the tasks dropped next may own.
    pool_.Stop();
    for (const auto& loop : loops_) loop->DropTasks();
  }

 private:
  base::Qsbr qsbr_;
  BlockingPool pool_;
  LoopShared shared_;
  std::vector<std::unique_ptr<PosixLoop>> loops_;
};

}  // namespace

std::unique_ptr<LoopGroup> MakePosixLoops(PosixOptions options) {
  return std::make_unique<PosixLoopGroup>(std::move(options));
}

Disk& ProcessDisk() {
  static internal::PosixDisk disk;
  return disk;
}

const Clock& ProcessClock() {
  static const internal::PosixClock clock;
  return clock;
}

Random& ProcessRandom() {
  static internal::PosixRandom random;
  return random;
}

}  // namespace memgrid::env
