// Requests to a simulated disk: how they fail, how they end, and what a crash makes of them.

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/check.h"
#include "base/status.h"
#include "env/sim/internal/sim_host.h"
#include "env/sim/internal/sim_node.h"
#include "env/sim/sim_disk.h"

namespace memgrid::env {

using internal::SeededChance;
using internal::SimNode;
using internal::SimRequest;

namespace {

constexpr uint64_t kNoteRequest = 3;
constexpr size_t kMaxUndo = 256;
constexpr Nanos kHangStep = Millis(10);

}  // namespace

bool SimDisk::Happens() {
  if (host_.crashed) return false;
  if (events_ == crash_at_) {
    crash_at_ = ~uint64_t{0};
    host_.Crash();
    return false;
  }
  ++events_;
  return true;
}

SeededChance& SimDisk::chance() { return host_.scheduler().chance(); }

void SimDisk::Start(std::unique_ptr<SimRequest> request) {
  if (request->kind != SimRequest::kRead && !Happens()) return;
  if (host_.crashed) return;
  host_.scheduler().Note(kNoteRequest, request->offset << 2 | request->kind, request->size);
  if (request->status.ok()) request->status = Foresee(*request);
  const Nanos delay = chance().Between(faults_.min_delay, faults_.max_delay);
  const uint64_t id = ++last_request_;
  requests_.emplace(id, std::move(request));
  host_.scheduler().After(delay, [this, id] { Finish(id); });
}

// Decides how a well-formed request ends, and takes the room that it needs.
absl::Status SimDisk::Foresee(SimRequest& request) {
  const bool write = request.kind == SimRequest::kWrite;
  if (write) request.data.assign(request.memory.data(), request.memory.size());
  if (request.kind != SimRequest::kRead) {
    MEMGRID_RETURN_IF_ERROR(Allocate(*request.node, request.offset, request.size));
  }
  if (request.kind == SimRequest::kReserve) return absl::OkStatus();
  if (IsBad(request.path, request.offset, request.offset + request.size, write) ||
      chance().Chance(write ? faults_.write_error : faults_.read_error)) {
    return base::DataLoss(write ? "writing " : "reading ", request.size, " bytes at ",
                          request.offset, " of ", request.path, ": Input/output error");
  }
  if (write && request.size > 0 && chance().Chance(faults_.misdirect)) {
    const uint64_t places = request.node->size() / SimNode::kPage;
    request.land_at = chance().Below(places) * SimNode::kPage;
  }
  return absl::OkStatus();
}

void SimDisk::Finish(uint64_t id) {
  if (!requests_.contains(id)) return;  // its process has crashed or ended
  if (faults_.hang) {
    return host_.scheduler().After(kHangStep, [this, id] { Finish(id); });
  }
  if (requests_.at(id)->kind != SimRequest::kRead && !Happens()) return;
  const auto request = std::move(requests_.extract(id).mapped());
  if (request->status.ok() && request->kind == SimRequest::kWrite) {
    MEMGRID_CHECK(std::equal(request->data.begin(), request->data.end(), request->memory.begin()),
                  "the buffer of a write was changed under way: ", request->path, " at ",
                  request->offset);
  }
  absl::Status status = CarryOut(*request);
  request->loop->Complete(std::move(request->done), std::move(status));
}

absl::Status SimDisk::CarryOutNow(std::unique_ptr<SimRequest> request) {
  if (request->kind != SimRequest::kRead) {
    if (host_.crashed) return base::Unavailable("the simulated machine is off");
    // A crash in the middle finds the write under way.
    if (request->status.ok()) request->status = Foresee(*request);
    const uint64_t id = ++last_request_;
    SimRequest& it = *requests_.emplace(id, std::move(request)).first->second;
    if (!Happens()) return base::Unavailable("the simulated machine is off");
    const absl::Status status = CarryOut(it);
    requests_.erase(id);
    return status;
  }
  if (request->status.ok()) request->status = Foresee(*request);
  return CarryOut(*request);
}

absl::Status SimDisk::CarryOut(SimRequest& request) {
  switch (request.kind) {
    case SimRequest::kReserve:
      if (request.status.ok()) request.node->Reserve(request.offset, request.size);
      break;
    case SimRequest::kWrite:
      if (request.status.ok()) {
        Apply(request);
      } else if (request.status.code() == absl::StatusCode::kDataLoss) {
        Tear(*request.node, request.offset, request.data);
      }
      break;
    case SimRequest::kRead:
      if (!request.status.ok()) break;
      if (request.offset + request.size > request.node->size()) {
        return base::OutOfRange("reading ", request.size, " bytes at ", request.offset, " of ",
                                request.path, ": past the end");
      }
      request.node->Read(request.offset, request.memory);
      ReadUnderWrites(request);
      break;
  }
  return request.status;
}

void SimDisk::Apply(const SimRequest& request) {
  SimNode& node = *request.node;
  if (!request.sync) {
    std::string before(request.data.size(), '\0');
    node.Read(request.land_at, before);
    node.undo.push_back({request.land_at, std::move(before)});
    if (node.undo.size() > kMaxUndo) node.undo.pop_front();
  }
  node.Write(request.land_at, request.data);
}

// A read meets sectors of a write that is under way in either state.
void SimDisk::ReadUnderWrites(const SimRequest& read) {
  for (const auto& [id, write] : requests_) {
    if (write->kind != SimRequest::kWrite || write->node != read.node || !write->status.ok()) {
      continue;
    }
    const uint64_t begin = std::max(read.offset, write->offset);
    const uint64_t end = std::min(read.offset + read.size, write->offset + write->size);
    for (uint64_t at = begin; at < end;) {
      const uint64_t next = std::min(end, (at / faults_.sector_bytes + 1) * faults_.sector_bytes);
      if (chance().Chance(0.5)) {
        std::memcpy(read.memory.data() + (at - read.offset),
                    write->data.data() + (at - write->offset), next - at);
      }
      at = next;
    }
  }
}

void SimDisk::Tear(SimNode& node, uint64_t offset, std::string_view data) {
  // All or nothing are as likely as something between.
  const uint64_t manner = chance().Below(4);
  if (manner == 0 || data.empty()) return;
  if (manner == 1) return node.Write(offset, data);
  const double arrives = manner == 2 ? 0.5 : 0.9;
  for (uint64_t at = offset; at < offset + data.size();) {
    const uint64_t next =
        std::min(offset + data.size(), (at / faults_.sector_bytes + 1) * faults_.sector_bytes);
    if (chance().Chance(faults_.garbage)) {
      std::string garbage(next - at, '\0');
      for (char& byte : garbage) byte = static_cast<char>(chance().Next());
      node.Write(at, garbage);
    } else if (chance().Chance(arrives)) {
      node.Write(at, data.substr(at - offset, next - at));
    }
    at = next;
  }
}

void SimDisk::Crash() {
  ++life_;
  // In any order: later ones may have overtaken earlier ones.
  std::vector<SimRequest*> writes;
  for (const auto& [id, request] : requests_) {
    if (request->kind == SimRequest::kWrite && !request->data.empty()) {
      writes.push_back(request.get());
    }
  }
  for (size_t i = writes.size(); i > 0; --i) {
    std::swap(writes[i - 1], writes[chance().Below(i)]);
    Tear(*writes[i - 1]->node, writes[i - 1]->land_at, writes[i - 1]->data);
  }
  for (const auto& [path, node] : entries_) {
    for (; node != nullptr && !node->undo.empty(); node->undo.pop_back()) {
      Tear(*node, node->undo.back().offset, node->undo.back().before);
    }
  }
  locks_.clear();
}

void SimDisk::Settle() {
  while (!requests_.empty()) {
    const auto request = std::move(requests_.extract(requests_.begin()).mapped());
    if (request->kind != SimRequest::kRead) CarryOut(*request).IgnoreError();
  }
}

void SimDisk::DropRequests() { std::exchange(requests_, {}).clear(); }

}  // namespace memgrid::env
