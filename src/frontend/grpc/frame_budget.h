// Which frames, and how many of them, a client may send for nothing.

#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "frontend/grpc/frame_scanner.h"
#include "frontend/grpc/limits.h"
#include "frontend/grpc/token_bucket.h"

namespace memgrid::frontend::grpc {

// The last few streams that a client ended itself: more DATA or HEADERS on them is an error. (nghttp2 would keep whole
// streams to know that, tens of kilobytes a connection.)
class EndedStreams {
 public:
  EndedStreams() { ids_.fill(-1); }
  void Add(int32_t stream_id) { ids_[next_++ % ids_.size()] = stream_id; }
  bool Has(int32_t stream_id) const { return std::find(ids_.begin(), ids_.end(), stream_id) != ids_.end(); }

 private:
  std::array<int32_t, 16> ids_;
  uint32_t next_ = 0;
};

// One a connection.
class FrameBudget {
 public:
  enum class Verdict : uint8_t { kFine, kExcess, kClosedStream, kProtocolError };

  explicit FrameBudget(const Limits& limits)
      : pings_(limits.pings),
        settings_(limits.settings),
        priorities_(limits.priorities),
        empty_data_(limits.empty_data),
        resets_(limits.resets),
        provoked_resets_(limits.provoked_resets) {}

  // A frame has begun to arrive.
  Verdict OnFrame(const FrameHead& frame, env::Nanos now);
  // DATA has been sent, which clients measure with PING.
  void OnDataSent() { pings_.Give(); }
  // A call was reset before it was answered or its time was up; false: too often.
  bool OnReset(env::Nanos now) { return resets_.Take(now); }
  // An invalid frame made the server reset a stream; false: too often.
  bool OnProvokedReset(env::Nanos now) { return provoked_resets_.Take(now); }

 private:
  TokenBucket pings_;
  TokenBucket settings_;
  TokenBucket priorities_;
  TokenBucket empty_data_;
  TokenBucket resets_;
  TokenBucket provoked_resets_;
  EndedStreams ended_;
};

}  // namespace memgrid::frontend::grpc
