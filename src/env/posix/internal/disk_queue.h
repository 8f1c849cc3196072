// Reads and writes of one loop on their way to the kernel and back.

#pragma once

#include <cstdint>
#include <memory>

#include "env/disk.h"

namespace memgrid::env::internal {

class BlockingPool;
class PosixLoop;

// One read or write of any length; `data` stays the caller's.
struct DiskOp {
  enum Kind : uint8_t { kRead, kWrite };
  Kind kind;
  int fd;
  uint64_t offset;
  char* data;
  uint64_t size;
  DiskDone done;
  const std::string* path;  // of the file, for error texts
  uint64_t moved = 0;
  int retries = 0;
};

// The longest piece that is given to the kernel at once; longer reads and writes go in several.
inline constexpr uint64_t kMaxDiskPiece = uint64_t{1} << 30;

// Takes a system call's result (bytes or -errno) for the piece at `op.moved` into account. True if
// `op` is finished, then with `*status`; false if the next piece (or the same once more) is to be
// tried.
bool TakeDiskResult(DiskOp& op, int64_t result, absl::Status* status);

// Carries `op` out by blocking calls on the calling thread; does not touch op.done.
absl::Status RunBlocking(DiskOp& op);

// Threads: the loop's own.
class DiskQueue {
 public:
  virtual ~DiskQueue() = default;

  // Goes to the kernel at the next Flush at the latest.
  virtual void Submit(std::unique_ptr<DiskOp> op) = 0;
  virtual void Flush() = 0;
  // True if RunCompletions would run something now.
  virtual bool HasCompletions() const = 0;
  // Runs `done` of what has completed: at most a few hundred at a time.
  virtual void RunCompletions() = 0;
  // Waits until the kernel uses no buffer of ours any more, without running `done`. On the loop's
  // thread, as its last act.
  virtual void Drain() = 0;
};

// Over io_uring; null if the kernel refuses it.
std::unique_ptr<DiskQueue> MakeUringQueue(PosixLoop& loop);
// Over threads that make one blocking call each.
std::unique_ptr<DiskQueue> MakePoolQueue(PosixLoop& loop, BlockingPool& pool);

}  // namespace memgrid::env::internal
