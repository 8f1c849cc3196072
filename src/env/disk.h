// Files and raw devices. A write is answered when it is durable, not before.
//
// Asynchronous calls are collected during a turn and submitted together at its end; their
// completions run on the loop that made them (io_uring, or a pool of threads where the kernel
// refuses that). Synchronous calls are for start-up and tests.
//
// Errors are absl::Status: RESOURCE_EXHAUSTED for ENOSPC and EDQUOT (nothing was promised; try
// again when there is room), NOT_FOUND, PERMISSION_DENIED, ALREADY_EXISTS, FAILED_PRECONDITION
// (locked by another process), and DATA_LOSS for EIO and its like: after that nothing is known of
// the range that was written.

#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace memgrid::env {

using DiskDone = absl::AnyInvocable<void(absl::Status)>;

// A request that is in flight keeps its buffer borrowed until `done` has run. Requests may complete
// in any order, and a crash may leave any sector of an unfinished write old, new or garbage. A File
// may be used by several loops at once.
class File {
 public:
  virtual ~File() = default;  // nothing in flight

  virtual const std::string& path() const = 0;
  virtual absl::StatusOr<uint64_t> Size() const = 0;

  // Writes all of `data` at `offset`; `done(OK)` means durable. With direct I/O, offset, size and
  // memory are multiples of io_unit().
  virtual void Write(uint64_t offset, std::span<const char> data, DiskDone done) = 0;
  // Reads exactly `into.size()` bytes; OUT_OF_RANGE past the end.
  virtual void Read(uint64_t offset, std::span<char> into, DiskDone done) = 0;

  // Reserves space on the device for [offset, offset + length), growing the file if need be: a
  // later Write there cannot fail for want of room. RESOURCE_EXHAUSTED if there is none.
  virtual void Reserve(uint64_t offset, uint64_t length, DiskDone done) = 0;

  // The same, blocking: for start-up and tests. A write is durable on return.
  virtual absl::Status ReadNow(uint64_t offset, std::span<char> into) = 0;
  virtual absl::Status WriteNow(uint64_t offset, std::span<const char> data) = 0;
  virtual absl::Status ReserveNow(uint64_t offset, uint64_t length) = 0;
  // Sets the size (sparse where it grows), durably.
  virtual absl::Status ResizeNow(uint64_t size) = 0;

  // Bytes that a write must be aligned to: 4096 unless the device says otherwise. A power of two,
  // 512..65536.
  virtual uint32_t io_unit() const = 0;
  // True where reads and writes go round the page cache.
  virtual bool direct() const = 0;
};

struct OpenOptions {
  bool create = false;  // make it if it is not there (mode 0600)
  bool read_only = false;
  // O_DIRECT: `kTry` uses it where the file system offers it, `kRequire` fails without.
  enum Direct : uint8_t { kNever, kTry, kRequire };
  Direct direct = kTry;
  // False gives up durability of writes (setting `disable-odsync`): `done` then means "handed to
  // the device".
  bool sync = true;
};

// Holds a lock file; released by destruction or the end of the process.
class FileLock {
 public:
  virtual ~FileLock() = default;
};

class Disk {
 public:
  virtual ~Disk() = default;

  virtual absl::StatusOr<std::unique_ptr<File>> Open(std::string_view path,
                                                     const OpenOptions& options) = 0;
  // Exclusive over processes; FAILED_PRECONDITION, naming the holder's process id if it can be
  // known.
  virtual absl::StatusOr<std::unique_ptr<FileLock>> Lock(std::string_view path) = 0;

  // Creates the folder and its parents (mode 0700); fine if it is there.
  virtual absl::Status MakeFolder(std::string_view path) = 0;
  virtual absl::StatusOr<std::vector<std::string>> List(std::string_view folder) = 0;
  virtual bool Exists(std::string_view path) = 0;
  virtual absl::Status Remove(std::string_view path) = 0;
  // Atomically, durably.
  virtual absl::Status Rename(std::string_view from, std::string_view to) = 0;
  // A whole small file (configuration, keys), at most `limit` bytes: OUT_OF_RANGE if it is longer.
  virtual absl::StatusOr<std::string> ReadWhole(std::string_view path, uint64_t limit) = 0;
};

}  // namespace memgrid::env
