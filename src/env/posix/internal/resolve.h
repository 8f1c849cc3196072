// Host names to socket addresses.

#pragma once

#include <sys/socket.h>

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "env/address.h"

namespace memgrid::env::internal {

struct SocketAddress {
  sockaddr_storage storage;
  socklen_t size;
  int family() const { return storage.ss_family; }
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

// All addresses of the host, best first, IPv4 and IPv6. Blocks while names are looked up, but not
// for numeric addresses. `for_listening` finds addresses to bind to. UNAVAILABLE with the
// resolver's words if there is none.
absl::StatusOr<std::vector<SocketAddress>> Resolve(const HostPort& target, bool for_listening);

// True if Resolve answers without looking anything up.
bool IsNumeric(const HostPort& target);

// "127.0.0.1:80", "[::1]:80".
std::string FormatAddress(const sockaddr_storage& address);

}  // namespace memgrid::env::internal
