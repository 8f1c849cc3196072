#include <utility>

#include "env/posix/internal/blocking_pool.h"
#include "env/posix/internal/disk_queue.h"
#include "env/posix/internal/posix_loop.h"

namespace memgrid::env::internal {
namespace {

class PoolQueue final : public DiskQueue {
 public:
  PoolQueue(PosixLoop& loop, BlockingPool& pool) : loop_(loop), pool_(pool) {}

  void Submit(std::unique_ptr<DiskOp> op) override {
    pool_.Run([&loop = loop_, op = std::move(op)]() mutable {
      absl::Status status = RunBlocking(*op);
      loop.Post([op = std::move(op), status = std::move(status)]() mutable {
        op->done(std::move(status));
      });
    });
  }
  void Flush() override {}
  // Completions come as posted tasks.
  bool HasCompletions() const override { return false; }
  void RunCompletions() override {}
  // The pool finishes its jobs when it is stopped, which is before buffers may go.
  void Drain() override {}

 private:
  PosixLoop& loop_;
  BlockingPool& pool_;
};

}  // namespace

std::unique_ptr<DiskQueue> MakePoolQueue(PosixLoop& loop, BlockingPool& pool) {
  return std::make_unique<PoolQueue>(loop, pool);
}

}  // namespace memgrid::env::internal
