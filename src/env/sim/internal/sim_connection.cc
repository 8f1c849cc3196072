#include "env/sim/internal/sim_connection.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/check.h"
#include "env/sim/internal/sim_host.h"

namespace memgrid::env::internal {
namespace {

constexpr uint64_t kNoteArrival = 2;
constexpr Nanos kRetransmit = Millis(50);

}  // namespace

SimStream::SimStream(SimHost& from, SimHost& to) {
  sides_[0].host = &from;
  sides_[1].host = &to;
}

Nanos SimStream::Delay() {
  const SimNetworkFaults& faults = sides_[0].host->world().network();
  return sides_[0].host->scheduler().chance().Between(faults.min_delay, faults.max_delay);
}

bool SimStream::readable(int side) const {
  const Side& it = sides_[side];
  return it.unread() > 0 || it.ended || it.reset;
}

bool SimStream::writable(int side) const { return sides_[side].reset || Room(side) > 0; }

uint64_t SimStream::Room(int side) const {
  const Side& other = sides_[1 - side];
  const uint64_t used = other.unread() + other.coming_bytes;
  const uint64_t limit = sides_[0].host->world().network().buffer_bytes;
  return limit > used ? limit - used : 0;
}

IoResult SimStream::Read(int side, std::span<char> into) {
  Side& it = sides_[side];
  SeededChance& chance = it.host->scheduler().chance();
  size_t size = std::min(into.size(), it.unread());
  if (size == 0) {
    if (it.reset) return {IoResult::kError, 0, ECONNRESET};
    return {it.ended ? IoResult::kEnd : IoResult::kWouldBlock};
  }
  if (chance.Chance(it.host->world().network().split)) size = 1 + chance.Below(size);
  std::memcpy(into.data(), it.inbox.data() + it.inbox_at, size);
  it.inbox_at += size;
  if (it.inbox_at * 2 >= it.inbox.size()) {
    it.inbox.erase(0, it.inbox_at);
    it.inbox_at = 0;
  }
  // The other side learns a little later that there is room.
  it.host->scheduler().After(Delay(), [self = shared_from_this(), side] { self->Tell(1 - side); });
  return {IoResult::kOk, size};
}

IoResult SimStream::Write(int side, std::span<const IoSlice> slices) {
  constexpr size_t kMaxSlices = 1024;
  Side& it = sides_[side];
  if (it.reset) return {IoResult::kError, 0, EPIPE};
  slices = slices.first(std::min(slices.size(), kMaxSlices));
  uint64_t size = 0;
  for (const IoSlice& slice : slices) size += slice.size;
  MEMGRID_CHECK(size > 0, "a write of nothing");
  size = std::min(size, Room(side));
  if (size == 0) return {IoResult::kWouldBlock};
  SeededChance& chance = it.host->scheduler().chance();
  if (chance.Chance(it.host->world().network().split)) size = 1 + chance.Below(size);
  std::string bytes;
  for (const IoSlice& slice : slices) {
    bytes.append(slice.data, std::min<uint64_t>(slice.size, size - bytes.size()));
  }
  Push(1 - side, Kind::kData, std::move(bytes));
  return {IoResult::kOk, size};
}

void SimStream::Close(int side) {
  Side& it = sides_[side];
  if (std::exchange(it.closed, true)) return;
  it.end = nullptr;
  if (!it.reset) Push(1 - side, Kind::kEnd, "");
}

void SimStream::Crash(int side) {
  Side& it = sides_[side];
  if (std::exchange(it.closed, true)) return;
  it.end = nullptr;
  it.reset = true;
  Side& other = sides_[1 - side];
  for (uint64_t lost = it.host->scheduler().chance().Below(other.coming.size() + 1); lost > 0;
       --lost) {
    other.coming_bytes -= other.coming.back().bytes.size();
    other.coming.pop_back();
  }
  Push(1 - side, Kind::kReset, "");
}

void SimStream::Break() {
  for (int side = 0; side < 2; ++side) {
    sides_[side].coming.clear();
    sides_[side].coming_bytes = 0;
    sides_[side].reset = true;
    Tell(side);
  }
}

void SimStream::Push(int to, Kind kind, std::string bytes) {
  Side& it = sides_[to];
  if (it.closed && kind != Kind::kData) return;
  const Nanos now = it.host->scheduler().now();
  Nanos arrives = now + Delay();
  if (!it.coming.empty()) arrives = std::max(arrives, it.coming.back().arrives);
  it.coming_bytes += bytes.size();
  it.coming.push_back({kind, std::move(bytes), now, arrives});
  ScheduleArrival(to, it.coming.front().arrives);
}

void SimStream::ScheduleArrival(int to, Nanos at) {
  if (std::exchange(sides_[to].arrival_scheduled, true)) return;
  sides_[to].host->scheduler().At(at, [self = shared_from_this(), to] { self->Arrive(to); });
}

void SimStream::Arrive(int to) {
  Side& it = sides_[to];
  it.arrival_scheduled = false;
  if (it.coming.empty()) return;
  SimHost& from = *sides_[1 - to].host;
  SimWorld& world = from.world();
  const Nanos now = from.scheduler().now();
  if (!world.Passes(from, *it.host)) {
    if (now - it.coming.front().sent > world.network().give_up) return Break();
    return ScheduleArrival(to, now + kRetransmit);
  }
  Segment segment = std::move(it.coming.front());
  it.coming.pop_front();
  it.coming_bytes -= segment.bytes.size();
  Deliver(to, std::move(segment));
  if (!it.coming.empty()) ScheduleArrival(to, std::max(now, it.coming.front().arrives));
}

void SimStream::Deliver(int to, Segment segment) {
  Side& it = sides_[to];
  it.host->scheduler().Note(kNoteArrival,
                            it.host->number() << 8 | static_cast<uint64_t>(segment.kind),
                            segment.bytes.size());
  if (it.closed) {
    // Nobody is there to take it.
    if (segment.kind == Kind::kData) Push(1 - to, Kind::kReset, "");
    return;
  }
  if (segment.kind == Kind::kData) it.inbox += segment.bytes;
  if (segment.kind == Kind::kEnd) it.ended = true;
  if (segment.kind == Kind::kReset) it.reset = true;
  Tell(to);
}

void SimStream::Tell(int side) {
  if (sides_[side].end != nullptr) sides_[side].end->CallIfPending();
}

SimConnection::SimConnection(std::shared_ptr<SimStream> stream, int side, std::string peer)
    : stream_(std::move(stream)), side_(side), peer_(std::move(peer)) {
  stream_->SetEnd(side_, this);
}

void SimConnection::SetHandler(ConnectionHandler* handler) {
  handler_ = handler;
  CallIfPending();
}

void SimConnection::SetInterest(bool readable, bool writable) {
  want_read_ = readable;
  want_write_ = writable;
  CallIfPending();
}

IoResult SimConnection::Read(std::span<char> into) {
  MEMGRID_CHECK(!into.empty(), "a read into nothing");
  return open_ ? stream_->Read(side_, into) : IoResult{IoResult::kError, 0, ENOTCONN};
}

IoResult SimConnection::Write(std::span<const IoSlice> slices) {
  return open_ ? stream_->Write(side_, slices) : IoResult{IoResult::kError, 0, ENOTCONN};
}

void SimConnection::Close() {
  handler_ = nullptr;
  if (!std::exchange(open_, false)) return;
  if (loop_ != nullptr) loop_->Forget(this);
  stream_->Close(side_);
}

void SimConnection::Attach(Loop& loop) {
  loop_ = static_cast<SimLoop*>(&loop);
  CallIfPending();
}

void SimConnection::Detach() {
  loop_->Forget(this);
  loop_ = nullptr;
  handler_ = nullptr;
  want_read_ = true;
  want_write_ = false;
}

bool SimConnection::Pending() const {
  return open_ && handler_ != nullptr && loop_ != nullptr &&
         ((want_read_ && stream_->readable(side_)) || (want_write_ && stream_->writable(side_)) ||
          (!want_read_ && stream_->broken(side_)));
}

void SimConnection::CallIfPending() {
  if (Pending()) loop_->MakeReady(this);
}

bool SimConnection::OnReady() {
  // Each call may destroy, close or move this connection: then nothing of it is touched again.
  SimLoop* const loop = loop_;
  if (Pending() && !want_read_ && stream_->broken(side_)) {
    std::exchange(handler_, nullptr)->OnClosed();
    return false;
  }
  if (handler_ != nullptr && want_read_ && stream_->readable(side_)) {
    handler_->OnReadable();
    if (!loop->StillCalling(this)) return false;
  }
  if (handler_ != nullptr && want_write_ && stream_->writable(side_)) {
    handler_->OnWritable();
    if (!loop->StillCalling(this)) return false;
  }
  return Pending();
}

}  // namespace memgrid::env::internal
