#include "env/posix/internal/posix_disk.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/status.h"
#include "env/posix/internal/errors.h"

namespace memgrid::env::internal {
namespace {

class PosixFileLock final : public FileLock {
 public:
  explicit PosixFileLock(UniqueFd fd) : fd_(std::move(fd)) {}

 private:
  const UniqueFd fd_;  // the lock goes with it
};

// The system's names end at the first NUL: one inside would name something else.
absl::Status CheckPath(std::string_view path) {
  if (path.empty()) return base::InvalidArgument("a path is empty");
  if (path.find('\0') != std::string_view::npos) {
    return base::InvalidArgument("path \"", path.substr(0, path.find('\0')),
                                 "...\" has a NUL byte in it");
  }
  return absl::OkStatus();
}

std::string FolderOf(const std::string& path) {
  const size_t slash = path.find_last_of('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

absl::Status MakeOneFolder(const std::string& path) {
  if (::mkdir(path.c_str(), 0700) == 0) return SyncFolderOf(path);
  const int error = errno;
  struct stat info;
  if (::stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode)) return absl::OkStatus();
  return DiskError(error, base::StrCat("making folder ", path));
}

// "process 123" if the lock file says so.
std::string HolderOf(int fd) {
  char text[21] = {};
  const ssize_t size = ::pread(fd, text, sizeof text - 1, 0);
  const std::string_view digits(text, size > 0 ? static_cast<size_t>(size) : 0);
  const size_t end = std::min(digits.find_first_not_of("0123456789"), digits.size());
  return end == 0 ? "another process" : base::StrCat("process ", digits.substr(0, end));
}

}  // namespace

absl::Status SyncFolderOf(const std::string& path) {
  const std::string folder = FolderOf(path);
  const UniqueFd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.ok()) return DiskError(errno, base::StrCat("opening folder ", folder));
  // Some file systems keep no folders on a device and say so.
  if (::fsync(fd.get()) != 0 && errno != EINVAL) {
    return DiskError(errno, base::StrCat("syncing folder ", folder));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<File>> PosixDisk::Open(std::string_view path,
                                                      const OpenOptions& options) {
  MEMGRID_RETURN_IF_ERROR(CheckPath(path));
  return PosixFile::Open(std::string(path), options);
}

absl::StatusOr<std::unique_ptr<FileLock>> PosixDisk::Lock(std::string_view path) {
  MEMGRID_RETURN_IF_ERROR(CheckPath(path));
  const std::string name(path);
  UniqueFd fd(::open(name.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600));
  if (!fd.ok()) return DiskError(errno, base::StrCat("opening lock file ", name));
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return DiskError(errno, base::StrCat("locking ", name));
    return base::FailedPrecondition(name, " is locked by ", HolderOf(fd.get()));
  }
  // For people only: a full disk does not make the lock less of one.
  const std::string holder = base::StrCat(::getpid(), "\n");
  if (::ftruncate(fd.get(), 0) == 0) (void)!::pwrite(fd.get(), holder.data(), holder.size(), 0);
  return std::make_unique<PosixFileLock>(std::move(fd));
}

absl::Status PosixDisk::MakeFolder(std::string_view path) {
  MEMGRID_RETURN_IF_ERROR(CheckPath(path));
  for (size_t at = path.find('/', 1); at != std::string_view::npos; at = path.find('/', at + 1)) {
    MEMGRID_RETURN_IF_ERROR(MakeOneFolder(std::string(path.substr(0, at))));
  }
  return path.back() == '/' ? absl::OkStatus() : MakeOneFolder(std::string(path));
}

absl::StatusOr<std::vector<std::string>> PosixDisk::List(std::string_view folder) {
  MEMGRID_RETURN_IF_ERROR(CheckPath(folder));
  const std::string name(folder);
  const std::unique_ptr<DIR, int (*)(DIR*)> entries(::opendir(name.c_str()), ::closedir);
  if (entries == nullptr) return DiskError(errno, base::StrCat("listing ", name));
  std::vector<std::string> names;
  errno = 0;
  while (const dirent* entry = ::readdir(entries.get())) {
    const std::string_view found = entry->d_name;
    if (found != "." && found != "..") names.emplace_back(found);
  }
  if (errno != 0) return DiskError(errno, base::StrCat("listing ", name));
  std::sort(names.begin(), names.end());
  return names;
}

bool PosixDisk::Exists(std::string_view path) {
  struct stat info;
  return CheckPath(path).ok() && ::stat(std::string(path).c_str(), &info) == 0;
}

absl::Status PosixDisk::Remove(std::string_view path) {
  MEMGRID_RETURN_IF_ERROR(CheckPath(path));
  const std::string name(path);
  if (::remove(name.c_str()) != 0) return DiskError(errno, base::StrCat("removing ", name));
  return SyncFolderOf(name);
}

absl::Status PosixDisk::Rename(std::string_view from, std::string_view to) {
  MEMGRID_RETURN_IF_ERROR(CheckPath(from));
  MEMGRID_RETURN_IF_ERROR(CheckPath(to));
  const std::string source(from), target(to);
  if (::rename(source.c_str(), target.c_str()) != 0) {
    return DiskError(errno, base::StrCat("renaming ", source, " to ", target));
  }
  MEMGRID_RETURN_IF_ERROR(SyncFolderOf(target));
  return FolderOf(source) == FolderOf(target) ? absl::OkStatus() : SyncFolderOf(source);
}

absl::StatusOr<std::string> PosixDisk::ReadWhole(std::string_view path, uint64_t limit) {
  MEMGRID_RETURN_IF_ERROR(CheckPath(path));
  const std::string name(path);
  const UniqueFd fd(::open(name.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.ok()) return DiskError(errno, base::StrCat("opening ", name));
  std::string text;
  char piece[16384];
  while (true) {
    const ssize_t got = ::read(fd.get(), piece, sizeof piece);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return DiskError(errno, base::StrCat("reading ", name));
    if (got == 0) return text;
    if (static_cast<uint64_t>(got) > limit - text.size()) {
      return base::OutOfRange(name, " is longer than ", limit, " bytes");
    }
    text.append(piece, static_cast<size_t>(got));
  }
}

}  // namespace memgrid::env::internal
