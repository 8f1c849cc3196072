// The one place where our status becomes gRPC's.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace memgrid::frontend::grpc {

// `grpc-status` as a decimal number. Codes that gRPC does not know become 2 (UNKNOWN).
std::string_view GrpcCode(absl::StatusCode code);

// What the trailers say of a status.
struct StatusTrailers {
  std::string_view code;                // `grpc-status`, static
  std::string message;                  // `grpc-message`, percent-encoded; empty: left out
  std::optional<int64_t> retry_after;   // `retry-after-ms`
};

// The text is cut at 4 KiB: it travels in a header.
StatusTrailers ToTrailers(const absl::Status& status);

}  // namespace memgrid::frontend::grpc
