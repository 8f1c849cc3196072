#include "env/sim/internal/sim_file.h"

#include <limits>
#include <utility>

#include "base/check.h"
#include "base/status.h"
#include "env/sim/internal/sim_loop.h"

namespace memgrid::env::internal {
namespace {

// Each page of a reservation takes memory here.
constexpr uint64_t kMaxFile = uint64_t{1} << 36;

absl::Status Gone() { return base::Unavailable("the simulated machine is off"); }

std::span<char> Mutable(std::span<const char> data) {
  return {const_cast<char*>(data.data()), data.size()};
}

}  // namespace

SimFile::SimFile(SimDisk& disk, std::shared_ptr<SimNode> node, std::string path,
                 const OpenOptions& options)
    : disk_(disk),
      node_(std::move(node)),
      path_(std::move(path)),
      options_(options),
      life_(disk.life()) {}

absl::Status SimFile::Check(SimRequest::Kind kind, uint64_t offset, const char* data,
                            uint64_t size) const {
  constexpr uint64_t kMaxOffset = std::numeric_limits<int64_t>::max();
  if (offset > kMaxOffset || size > kMaxOffset - offset) {
    return base::OutOfRange(path_, ": ", size, " bytes at ", offset, " end past 2^63");
  }
  if (kind != SimRequest::kRead && options_.read_only) {
    return base::FailedPrecondition(path_, " is open for reading only");
  }
  if (kind != SimRequest::kRead && offset + size > kMaxFile) {
    return base::ResourceExhausted(path_, ": a simulated file has at most ", kMaxFile, " bytes");
  }
  if (kind == SimRequest::kReserve || !direct()) return absl::OkStatus();
  const uint64_t bits = offset | size | reinterpret_cast<uintptr_t>(data);
  if (bits % io_unit() == 0) return absl::OkStatus();
  return base::InvalidArgument(path_, ": ", size, " bytes at ", offset, ", or their place in ",
                               "memory, are not aligned to ", io_unit(), " bytes");
}

std::unique_ptr<SimRequest> SimFile::Request(SimRequest::Kind kind, uint64_t offset,
                                             std::span<char> memory, uint64_t size) const {
  auto request = std::make_unique<SimRequest>();
  request->kind = kind;
  request->node = node_;
  request->path = path_;
  request->offset = request->land_at = offset;
  request->size = size;
  request->memory = memory;
  request->sync = options_.sync;
  request->status = Check(kind, offset, memory.data(), size);
  return request;
}

void SimFile::Submit(SimRequest::Kind kind, uint64_t offset, std::span<char> memory, uint64_t size,
                     DiskDone done) {
  SimLoop* const loop = SimLoop::Current();
  MEMGRID_CHECK(loop != nullptr, "asynchronous I/O on ", path_, " outside of a loop");
  if (life_ != disk_.life()) return;  // of a process that has crashed
  auto request = Request(kind, offset, memory, size);
  request->loop = loop;
  request->done = std::move(done);
  loop->AtSubmission(
      [&disk = disk_, request = std::move(request)]() mutable { disk.Start(std::move(request)); });
}

absl::Status SimFile::Now(SimRequest::Kind kind, uint64_t offset, std::span<char> memory,
                          uint64_t size) {
  if (life_ != disk_.life()) return Gone();
  return disk_.CarryOutNow(Request(kind, offset, memory, size));
}

void SimFile::Write(uint64_t offset, std::span<const char> data, DiskDone done) {
  Submit(SimRequest::kWrite, offset, Mutable(data), data.size(), std::move(done));
}

void SimFile::Read(uint64_t offset, std::span<char> into, DiskDone done) {
  Submit(SimRequest::kRead, offset, into, into.size(), std::move(done));
}

void SimFile::Reserve(uint64_t offset, uint64_t length, DiskDone done) {
  Submit(SimRequest::kReserve, offset, {}, length, std::move(done));
}

absl::Status SimFile::ReadNow(uint64_t offset, std::span<char> into) {
  return Now(SimRequest::kRead, offset, into, into.size());
}

absl::Status SimFile::WriteNow(uint64_t offset, std::span<const char> data) {
  return Now(SimRequest::kWrite, offset, Mutable(data), data.size());
}

absl::Status SimFile::ReserveNow(uint64_t offset, uint64_t length) {
  return Now(SimRequest::kReserve, offset, {}, length);
}

absl::Status SimFile::ResizeNow(uint64_t size) {
  MEMGRID_RETURN_IF_ERROR(Check(SimRequest::kReserve, size, nullptr, 0));
  if (life_ != disk_.life() || !disk_.Happens()) return Gone();
  disk_.Resize(*node_, size);
  return absl::OkStatus();
}

}  // namespace memgrid::env::internal
