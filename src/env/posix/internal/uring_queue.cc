#include <liburing.h>

#include <algorithm>
#include <cerrno>
#include <deque>
#include <utility>

#include "base/check.h"
#include "env/posix/internal/disk_queue.h"
#include "env/posix/internal/posix_loop.h"

namespace memgrid::env::internal {
namespace {

constexpr unsigned kEntries = 256;
constexpr int kCompletionsPerTurn = 256;

class UringQueue final : public DiskQueue, EpollTarget {
 public:
  UringQueue() = default;
  ~UringQueue() override {
    if (open_) ::io_uring_queue_exit(&ring_);
  }

  bool Open(PosixLoop& loop) {
    // Completions are taken when we enter the kernel anyway; nobody needs to be interrupted.
    unsigned flags = IORING_SETUP_COOP_TASKRUN;
    int error = ::io_uring_queue_init(kEntries, &ring_, flags);
    if (error == -EINVAL) error = ::io_uring_queue_init(kEntries, &ring_, 0);
    open_ = error == 0;
    return open_ && Works() && loop.Watch(ring_.ring_fd, this) == 0;
  }

  void OnEvents(uint32_t) override {}  // completions are looked for in every turn

  void Submit(std::unique_ptr<DiskOp> op) override {
    ++in_flight_;
    Prepare(op.release());
  }

  void Flush() override {
    // What did not fit before; the kernel takes a full ring at a time.
    while (!waiting_.empty() && ::io_uring_sq_space_left(&ring_) > 0) {
      DiskOp* op = waiting_.front();
      waiting_.pop_front();
      Fill(::io_uring_get_sqe(&ring_), op);
    }
    if (::io_uring_sq_ready(&ring_) > 0) Enter();
  }

  bool HasCompletions() const override {
    return ::io_uring_cq_ready(&ring_) > 0 || !waiting_.empty();
  }

  void RunCompletions() override {
    for (int i = 0; i < kCompletionsPerTurn; ++i) {
      io_uring_cqe* entry;
      if (::io_uring_peek_cqe(&ring_, &entry) != 0) return;
      auto* op = static_cast<DiskOp*>(::io_uring_cqe_get_data(entry));
      const int result = entry->res;
      ::io_uring_cqe_seen(&ring_, entry);
      absl::Status status;
      if (!TakeDiskResult(*op, result, &status)) {
        Prepare(op);
        continue;
      }
      --in_flight_;
      const std::unique_ptr<DiskOp> owned(op);
      owned->done(std::move(status));
    }
  }

  void Drain() override {
    for (DiskOp* op : waiting_) {
      delete op;
      --in_flight_;
    }
    waiting_.clear();
    Flush();
    while (in_flight_ > 0) {
      io_uring_cqe* entry;
      const int error = ::io_uring_wait_cqe(&ring_, &entry);
      if (error == -EINTR || error == -EAGAIN) continue;
      MEMGRID_CHECK(error == 0, "io_uring_wait_cqe, errno ", -error);
      delete static_cast<DiskOp*>(::io_uring_cqe_get_data(entry));
      ::io_uring_cqe_seen(&ring_, entry);
      --in_flight_;
    }
  }

 private:
  // Some sandboxes let a ring be made and then refuse its use.
  bool Works() {
    ::io_uring_prep_nop(::io_uring_get_sqe(&ring_));
    io_uring_cqe* entry;
    if (::io_uring_submit_and_wait(&ring_, 1) != 1 || ::io_uring_peek_cqe(&ring_, &entry) != 0) {
      return false;
    }
    ::io_uring_cqe_seen(&ring_, entry);
    return true;
  }

  // Puts the rest of `op` into the ring, or in line for it.
  void Prepare(DiskOp* op) {
    io_uring_sqe* entry = waiting_.empty() ? ::io_uring_get_sqe(&ring_) : nullptr;
    if (entry == nullptr && waiting_.empty()) {
      Enter();
      entry = ::io_uring_get_sqe(&ring_);
    }
    if (entry == nullptr) {
      waiting_.push_back(op);
    } else {
      Fill(entry, op);
    }
  }

  static void Fill(io_uring_sqe* entry, DiskOp* op) {
    char* const data = op->data + op->moved;
    const auto size = static_cast<unsigned>(std::min(op->size - op->moved, kMaxDiskPiece));
    if (op->kind == DiskOp::kRead) {
      ::io_uring_prep_read(entry, op->fd, data, size, op->offset + op->moved);
    } else {
      ::io_uring_prep_write(entry, op->fd, data, size, op->offset + op->moved);
    }
    ::io_uring_sqe_set_data(entry, op);
  }

  void Enter() {
    const int submitted = ::io_uring_submit(&ring_);
    // Out of memory or of completion slots for the moment: the entries stay, the next turn tries
    // again.
    MEMGRID_CHECK(
        submitted >= 0 || submitted == -EAGAIN || submitted == -EBUSY || submitted == -EINTR,
        "io_uring_submit, errno ", -submitted);
  }

  io_uring ring_;
  bool open_ = false;
  uint64_t in_flight_ = 0;       // handed in and not done
  std::deque<DiskOp*> waiting_;  // in_flight_, but not yet in the ring
};

}  // namespace

std::unique_ptr<DiskQueue> MakeUringQueue(PosixLoop& loop) {
  auto queue = std::make_unique<UringQueue>();
  if (!queue->Open(loop)) return nullptr;
  return queue;
}

}  // namespace memgrid::env::internal
