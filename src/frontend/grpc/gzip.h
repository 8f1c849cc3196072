// gzip of messages, with zlib states that are made once a loop.

#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/buffer.h"
#include "frontend/grpc/call.h"

struct z_stream_s;

namespace memgrid::frontend::grpc {

// Used by one loop.
class Gzip {
 public:
  Gzip();
  ~Gzip();
  Gzip(const Gzip&) = delete;
  Gzip& operator=(const Gzip&) = delete;

  // RESOURCE_EXHAUSTED if the result is longer than `limit`, found out before more than that is unpacked; INTERNAL if
  // `packed` is no whole gzip stream.
  absl::StatusOr<base::Buffer> Unpack(std::string_view packed, size_t limit);

  // For speed rather than size: the loop waits for it.
  std::string Pack(const Message& message);

 private:
  std::unique_ptr<z_stream_s> inflate_;
  std::unique_ptr<z_stream_s> deflate_;
};

}  // namespace memgrid::frontend::grpc
