#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstdlib>
#include <limits>
#include <utility>

#include "base/check.h"
#include "base/status.h"
#include "env/posix/internal/blocking_pool.h"
#include "env/posix/internal/disk_queue.h"
#include "env/posix/internal/errors.h"
#include "env/posix/internal/posix_disk.h"
#include "env/posix/internal/posix_loop.h"

namespace memgrid::env::internal {
namespace {

constexpr uint64_t kMaxOffset = std::numeric_limits<off_t>::max();

// Whether direct I/O on `fd`, opened for it, really is there: some file systems take the flag only.
bool OffersDirect(int fd) {
#ifdef STATX_DIOALIGN
  struct statx info;
  if (::statx(fd, "", AT_EMPTY_PATH, STATX_DIOALIGN, &info) == 0 &&
      (info.stx_mask & STATX_DIOALIGN) != 0) {
    return info.stx_dio_mem_align != 0;
  }
#endif
  alignas(4096) static thread_local char probe[4096];
  return ::pread(fd, probe, sizeof probe, 0) >= 0 || errno != EINVAL;
}

// Opens what exists; -errno on failure. Falls back to buffered I/O where `options` allow it.
int OpenExisting(const std::string& path, const OpenOptions& options, bool* direct) {
  int flags = O_CLOEXEC | (options.read_only ? O_RDONLY : O_RDWR);
  if (options.sync && !options.read_only) flags |= O_DSYNC;
  if (options.direct != OpenOptions::kNever) {
    UniqueFd fd(::open(path.c_str(), flags | O_DIRECT));
    if (fd.ok() && OffersDirect(fd.get())) {
      *direct = true;
      return fd.Release();
    }
    if (!fd.ok() && errno != EINVAL) return -errno;
    if (options.direct == OpenOptions::kRequire) return -EOPNOTSUPP;
  }
  *direct = false;
  const int fd = ::open(path.c_str(), flags);
  return fd >= 0 ? fd : -errno;
}

absl::Status CreateEmpty(const std::string& path) {
  const UniqueFd fd(::open(path.c_str(), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600));
  if (!fd.ok()) {
    return errno == EEXIST ? absl::OkStatus() : DiskError(errno, base::StrCat("creating ", path));
  }
  return SyncFolderOf(path);
}

}  // namespace

PosixFile::PosixFile(std::string path, UniqueFd fd, bool direct)
    : path_(std::move(path)), fd_(std::move(fd)), direct_(direct) {}

absl::StatusOr<std::unique_ptr<File>> PosixFile::Open(const std::string& path,
                                                      const OpenOptions& options) {
  bool direct = false;
  int fd = OpenExisting(path, options, &direct);
  if (fd == -ENOENT && options.create && !options.read_only) {
    MEMGRID_RETURN_IF_ERROR(CreateEmpty(path));
    fd = OpenExisting(path, options, &direct);
  }
  if (fd == -EOPNOTSUPP) {
    return base::FailedPrecondition("opening ", path, ": the file system has no direct I/O");
  }
  if (fd < 0) return DiskError(-fd, base::StrCat("opening ", path));
  std::unique_ptr<PosixFile> file(new PosixFile(path, UniqueFd(fd), direct));
  struct stat info;
  if (::fstat(fd, &info) != 0) return DiskError(errno, base::StrCat("opening ", path));
  if (!S_ISREG(info.st_mode) && !S_ISBLK(info.st_mode)) {
    return base::InvalidArgument("opening ", path, ": neither a file nor a block device");
  }
  file->device_ = S_ISBLK(info.st_mode);
  unsigned physical = 0;
  if (file->device_ && ::ioctl(fd, BLKPBSZGET, &physical) == 0) {
    file->io_unit_ = std::bit_ceil(std::clamp(physical, 4096u, 65536u));
  }
  return file;
}

absl::StatusOr<uint64_t> PosixFile::Size() const {
  uint64_t size = 0;
  struct stat info;
  if (device_) {
    if (::ioctl(fd_.get(), BLKGETSIZE64, &size) == 0) return size;
  } else if (::fstat(fd_.get(), &info) == 0) {
    return static_cast<uint64_t>(info.st_size);
  }
  return DiskError(errno, base::StrCat("size of ", path_));
}

void PosixFile::Write(uint64_t offset, std::span<const char> data, DiskDone done) {
  Submit(true, offset, const_cast<char*>(data.data()), data.size(), std::move(done));
}

void PosixFile::Read(uint64_t offset, std::span<char> into, DiskDone done) {
  Submit(false, offset, into.data(), into.size(), std::move(done));
}

void PosixFile::Submit(bool write, uint64_t offset, char* data, uint64_t size, DiskDone done) {
  PosixLoop* const loop = PosixLoop::Current();
  MEMGRID_CHECK(loop != nullptr, "asynchronous I/O on ", path_, " outside of a loop");
  absl::Status status = Check(offset, data, size);
  if (!status.ok() || size == 0) {
    loop->Post([status = std::move(status), done = std::move(done)]() mutable {
      done(std::move(status));
    });
    return;
  }
  loop->disk_queue().Submit(
      std::make_unique<DiskOp>(DiskOp{.kind = write ? DiskOp::kWrite : DiskOp::kRead,
                                      .fd = fd_.get(),
                                      .offset = offset,
                                      .data = data,
                                      .size = size,
                                      .done = std::move(done),
                                      .path = &path_}));
}

void PosixFile::Reserve(uint64_t offset, uint64_t length, DiskDone done) {
  PosixLoop* const loop = PosixLoop::Current();
  MEMGRID_CHECK(loop != nullptr, "asynchronous reservation in ", path_, " outside of a loop");
  loop->pool().Run([this, loop, offset, length, done = std::move(done)]() mutable {
    absl::Status status = ReserveNow(offset, length);
    loop->Post([status = std::move(status), done = std::move(done)]() mutable {
      done(std::move(status));
    });
  });
}

absl::Status PosixFile::Check(uint64_t offset, const char* data, uint64_t size) const {
  if (offset > kMaxOffset || size > kMaxOffset - offset) {
    return base::OutOfRange(path_, ": ", size, " bytes at ", offset, " end past 2^63");
  }
  if (!direct_) return absl::OkStatus();
  const uint64_t bits = offset | size | reinterpret_cast<uintptr_t>(data);
  if (bits % io_unit_ == 0) return absl::OkStatus();
  return base::InvalidArgument(path_, ": ", size, " bytes at ", offset, ", or their place in ",
                               "memory, are not aligned to ", io_unit_, " bytes");
}

absl::Status PosixFile::MoveNow(bool write, uint64_t offset, char* data, uint64_t size) {
  MEMGRID_RETURN_IF_ERROR(Check(offset, data, size));
  DiskOp op{.kind = write ? DiskOp::kWrite : DiskOp::kRead,
            .fd = fd_.get(),
            .offset = offset,
            .data = data,
            .size = size,
            .path = &path_};
  return RunBlocking(op);
}

absl::Status PosixFile::ReadNow(uint64_t offset, std::span<char> into) {
  return MoveNow(false, offset, into.data(), into.size());
}

absl::Status PosixFile::WriteNow(uint64_t offset, std::span<const char> data) {
  return MoveNow(true, offset, const_cast<char*>(data.data()), data.size());
}

absl::Status PosixFile::ReserveNow(uint64_t offset, uint64_t length) {
  MEMGRID_RETURN_IF_ERROR(Check(offset, nullptr, 0));
  if (length > kMaxOffset - offset) {
    return base::OutOfRange(path_, ": ", length, " bytes at ", offset, " end past 2^63");
  }
  if (length == 0) return absl::OkStatus();
  if (device_) {
    const absl::StatusOr<uint64_t> size = Size();
    if (!size.ok()) return size.status();
    if (offset + length <= *size) return absl::OkStatus();
    return base::ResourceExhausted(path_, ": the device has ", *size, " bytes, ", offset + length,
                                   " are needed");
  }
  int error;
  do {
    error = ::fallocate(fd_.get(), 0, static_cast<off_t>(offset), static_cast<off_t>(length)) == 0
                ? 0
                : errno;
  } while (error == EINTR);
  if (error == EOPNOTSUPP) return FillHoles(offset, offset + length);
  if (error != 0) {
    return DiskError(error,
                     base::StrCat("reserving ", length, " bytes at ", offset, " of ", path_));
  }
  return absl::OkStatus();
}

// Without fallocate, space is had only by writing: zeros, where the file has nothing yet.
absl::Status PosixFile::FillHoles(uint64_t begin, uint64_t end) {
  const absl::StatusOr<uint64_t> size = Size();
  if (!size.ok()) return size.status();
  uint64_t at = begin;
  while (at < std::min(end, *size)) {
    const off_t hole = ::lseek(fd_.get(), static_cast<off_t>(at), SEEK_HOLE);
    if (hole < 0) return DiskError(errno, base::StrCat("looking for holes in ", path_));
    if (static_cast<uint64_t>(hole) >= std::min(end, *size)) break;
    const off_t data = ::lseek(fd_.get(), hole, SEEK_DATA);
    if (data < 0 && errno != ENXIO) {
      return DiskError(errno, base::StrCat("looking for data in ", path_));
    }
    at = data < 0 ? *size : static_cast<uint64_t>(data);
    const auto zeros_end = std::min({at, end, *size});
    MEMGRID_RETURN_IF_ERROR(WriteZeros(static_cast<uint64_t>(hole), zeros_end));
  }
  return end > *size ? WriteZeros(std::max(begin, *size), end) : absl::OkStatus();
}

absl::Status PosixFile::WriteZeros(uint64_t begin, uint64_t end) {
  constexpr uint64_t kPiece = uint64_t{1} << 20;
  const std::unique_ptr<char, void (*)(void*)> zeros(
      static_cast<char*>(std::aligned_alloc(65536, kPiece)), std::free);
  if (zeros == nullptr) return base::Unavailable("no memory to reserve space in ", path_);
  std::fill_n(zeros.get(), kPiece, '\0');
  for (uint64_t at = begin; at < end;) {
    const uint64_t size = std::min(end - at, kPiece);
    MEMGRID_RETURN_IF_ERROR(MoveNow(true, at, zeros.get(), size));
    at += size;
  }
  return absl::OkStatus();
}

absl::Status PosixFile::ResizeNow(uint64_t size) {
  MEMGRID_RETURN_IF_ERROR(Check(size, nullptr, 0));
  if (device_) return base::FailedPrecondition(path_, " is a device: its size is given");
  if (::ftruncate(fd_.get(), static_cast<off_t>(size)) != 0 || ::fsync(fd_.get()) != 0) {
    return DiskError(errno, base::StrCat("resizing ", path_, " to ", size, " bytes"));
  }
  return absl::OkStatus();
}

}  // namespace memgrid::env::internal
