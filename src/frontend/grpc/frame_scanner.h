// Follows the frames that a client sends, ahead of nghttp2: that tells its user nothing of the frames it passes over, and
// passing over them costs too.

#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace memgrid::frontend::grpc {

// HTTP/2's numbers, here for all but nghttp2's own files.
enum class FrameType : uint8_t {
  kData = 0,
  kHeaders = 1,
  kPriority = 2,
  kReset = 3,
  kSettings = 4,
  kPing = 6,
  kGoAway = 7,
  kWindowUpdate = 8,
  kContinuation = 9,
};

struct FrameHead {
  FrameType type;  // any value: unknown ones are allowed
  uint8_t flags;
  uint32_t length;  // of the payload
  int32_t stream_id;
  int32_t dependency;  // PRIORITY: the stream depended on; else 0

  bool acknowledges() const { return (flags & 1) != 0; }  // PING, SETTINGS
  bool ends_stream() const { return (flags & 1) != 0; }   // DATA, HEADERS
  bool padded() const { return (flags & 8) != 0; }
};

// Starts before the client's preface, whose content is not its business.
class FrameScanner {
 public:
  // Moves `in` past the next frame's head; false if `in` ends before that. Any split of the input gives the same frames.
  bool Next(std::string_view* in, FrameHead* head);

 private:
  static constexpr size_t kPreface = 24;
  static constexpr size_t kHead = 9;
  static constexpr size_t kDependency = 4;

  uint64_t skip_ = kPreface;  // bytes until the next head
  size_t have_ = 0;
  uint8_t head_[kHead + kDependency] = {};
};

}  // namespace memgrid::frontend::grpc
