// Cuts a call's bytes into messages: a prefix of five bytes and what it announces, split anywhere by HTTP/2.

#pragma once

#include <cstdint>
#include <string_view>

#include "absl/status/status.h"
#include "base/buffer.h"
#include "frontend/grpc/counters.h"
#include "frontend/grpc/limits.h"
#include "frontend/grpc/protocol.h"

namespace memgrid::frontend::grpc {

// Used by one loop, whose `incomplete_bytes` it keeps: memory taken for messages that no service has yet.
class MessageReader {
 public:
  MessageReader(const Limits& limits, LoopCounters& counters) : limits_(limits), counters_(counters) {}
  ~MessageReader() { Reset(); }
  MessageReader(const MessageReader&) = delete;
  MessageReader& operator=(const MessageReader&) = delete;

  // Takes bytes off the front of `in`, up to the end of a message. OK with complete() true: there is a message, Take it
  // before the next Feed; with complete() false: `in` is empty, more is needed. RESOURCE_EXHAUSTED: announced above the
  // limit. UNAVAILABLE: the loop holds too many incomplete requests. INTERNAL: no gRPC framing.
  absl::Status Feed(std::string_view* in);

  bool complete() const { return complete_; }
  bool compressed() const { return prefix_[0] != 0; }
  // True between messages: nothing half read.
  bool idle() const { return prefix_have_ == 0; }
  base::Buffer Take();
  // Drops what is half read, for the next call.
  void Reset();

 private:
  absl::Status Announced();
  absl::Status Grow(size_t capacity);
  void Uncharge();

  const Limits& limits_;
  LoopCounters& counters_;
  base::Buffer message_;
  size_t announced_ = 0;
  size_t charged_ = 0;
  size_t prefix_have_ = 0;
  uint8_t prefix_[kPrefixSize] = {};
  bool complete_ = false;
};

}  // namespace memgrid::frontend::grpc
