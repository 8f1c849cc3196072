#include "env/posix/internal/disk_queue.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/status.h"
#include "base/strings.h"
#include "env/posix/internal/errors.h"

namespace memgrid::env::internal {
namespace {

// The kernel may ask for another try a few times, not for ever.
constexpr int kMaxRetries = 1000;

std::string What(const DiskOp& op) {
  return base::StrCat(op.kind == DiskOp::kRead ? "reading " : "writing ", op.size, " bytes at ",
                      op.offset, op.kind == DiskOp::kRead ? " of " : " to ", *op.path);
}

}  // namespace

bool TakeDiskResult(DiskOp& op, int64_t result, absl::Status* status) {
  if ((result == -EINTR || result == -EAGAIN) && ++op.retries <= kMaxRetries) return false;
  if (result < 0) {
    *status = DiskError(static_cast<int>(-result), What(op));
    return true;
  }
  if (result == 0 && op.size > 0) {
    *status = op.kind == DiskOp::kRead ? base::OutOfRange(What(op), ": past the end")
                                       : DiskError(EIO, What(op));
    return true;
  }
  op.moved += static_cast<uint64_t>(result);
  if (op.moved < op.size) return false;
  *status = absl::OkStatus();
  return true;
}

absl::Status RunBlocking(DiskOp& op) {
  absl::Status status;
  int64_t result;
  do {
    char* const data = op.data + op.moved;
    const uint64_t size = std::min(op.size - op.moved, kMaxDiskPiece);
    const auto offset = static_cast<off_t>(op.offset + op.moved);
    result = op.kind == DiskOp::kRead ? ::pread(op.fd, data, size, offset)
                                      : ::pwrite(op.fd, data, size, offset);
    if (result < 0) result = -errno;
  } while (!TakeDiskResult(op, result, &status));
  return status;
}

}  // namespace memgrid::env::internal
