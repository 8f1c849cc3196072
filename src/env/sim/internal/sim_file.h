// An open file of a simulated disk.

#pragma once

#include <memory>
#include <string>

#include "env/disk.h"
#include "env/sim/internal/sim_node.h"
#include "env/sim/sim_disk.h"

namespace memgrid::env::internal {

class SimFile final : public File {
 public:
  SimFile(SimDisk& disk, std::shared_ptr<SimNode> node, std::string path,
          const OpenOptions& options);

  const std::string& path() const override { return path_; }
  absl::StatusOr<uint64_t> Size() const override { return node_->size(); }
  void Write(uint64_t offset, std::span<const char> data, DiskDone done) override;
  void Read(uint64_t offset, std::span<char> into, DiskDone done) override;
  void Reserve(uint64_t offset, uint64_t length, DiskDone done) override;
  absl::Status ReadNow(uint64_t offset, std::span<char> into) override;
  absl::Status WriteNow(uint64_t offset, std::span<const char> data) override;
  absl::Status ReserveNow(uint64_t offset, uint64_t length) override;
  absl::Status ResizeNow(uint64_t size) override;
  uint32_t io_unit() const override { return 4096; }
  bool direct() const override { return options_.direct != OpenOptions::kNever; }

 private:
  // OK or what is wrong with a request.
  absl::Status Check(SimRequest::Kind kind, uint64_t offset, const char* data, uint64_t size) const;
  std::unique_ptr<SimRequest> Request(SimRequest::Kind kind, uint64_t offset,
                                      std::span<char> memory, uint64_t size) const;
  void Submit(SimRequest::Kind kind, uint64_t offset, std::span<char> memory, uint64_t size,
              DiskDone done);
  absl::Status Now(SimRequest::Kind kind, uint64_t offset, std::span<char> memory, uint64_t size);

  SimDisk& disk_;
  const std::shared_ptr<SimNode> node_;
  const std::string path_;
  const OpenOptions options_;
  const uint64_t life_;  // of the process that opened it
};

}  // namespace memgrid::env::internal
