// Files and folders of the operating system.

#pragma once

#include <string>

#include "env/disk.h"
#include "env/posix/internal/unique_fd.h"

namespace memgrid::env::internal {

// Stateless: asynchronous calls go to the queue of the loop that makes them.
class PosixDisk final : public Disk {
 public:
  absl::StatusOr<std::unique_ptr<File>> Open(std::string_view path,
                                             const OpenOptions& options) override;
  absl::StatusOr<std::unique_ptr<FileLock>> Lock(std::string_view path) override;
  absl::Status MakeFolder(std::string_view path) override;
  absl::StatusOr<std::vector<std::string>> List(std::string_view folder) override;
  bool Exists(std::string_view path) override;
  absl::Status Remove(std::string_view path) override;
  absl::Status Rename(std::string_view from, std::string_view to) override;
  absl::StatusOr<std::string> ReadWhole(std::string_view path, uint64_t limit) override;
};

// Writes go through O_DSYNC, so that each is durable when it returns, unless the file was opened
// without `sync`.
class PosixFile final : public File {
 public:
  static absl::StatusOr<std::unique_ptr<File>> Open(const std::string& path,
                                                    const OpenOptions& options);

  const std::string& path() const override { return path_; }
  absl::StatusOr<uint64_t> Size() const override;
  void Write(uint64_t offset, std::span<const char> data, DiskDone done) override;
  void Read(uint64_t offset, std::span<char> into, DiskDone done) override;
  void Reserve(uint64_t offset, uint64_t length, DiskDone done) override;
  absl::Status ReadNow(uint64_t offset, std::span<char> into) override;
  absl::Status WriteNow(uint64_t offset, std::span<const char> data) override;
  absl::Status ReserveNow(uint64_t offset, uint64_t length) override;
  absl::Status ResizeNow(uint64_t size) override;
  uint32_t io_unit() const override { return io_unit_; }
  bool direct() const override { return direct_; }

 private:
  PosixFile(std::string path, UniqueFd fd, bool direct);

  // OK or what is wrong with the range of a request.
  absl::Status Check(uint64_t offset, const char* data, uint64_t size) const;
  absl::Status MoveNow(bool write, uint64_t offset, char* data, uint64_t size);
  void Submit(bool write, uint64_t offset, char* data, uint64_t size, DiskDone done);
  absl::Status FillHoles(uint64_t begin, uint64_t end);
  absl::Status WriteZeros(uint64_t begin, uint64_t end);

  const std::string path_;
  const UniqueFd fd_;
  const bool direct_;
  bool device_ = false;
  uint32_t io_unit_ = 4096;
};

// Makes the entry of `path` in its folder durable.
absl::Status SyncFolderOf(const std::string& path);

}  // namespace memgrid::env::internal
