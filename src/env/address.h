// "host:port" as people write it.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace memgrid::env {

struct HostPort {
  std::string host;  // a name or an address, without brackets; never empty
  uint16_t port = 0;
};

// "127.0.0.1:50051", "[::1]:0", "localhost:80". INVALID_ARGUMENT, quoting `text` and saying what is
// wrong with it, for anything else. Does not look names up.
absl::StatusOr<HostPort> ParseHostPort(std::string_view text);

// The opposite; brackets where the host has a colon.
std::string FormatHostPort(std::string_view host, uint16_t port);

}  // namespace memgrid::env
