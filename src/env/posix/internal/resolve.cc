#include "env/posix/internal/resolve.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>

#include <cerrno>
#include <cstring>
#include <memory>

#include "base/status.h"
#include "base/strings.h"
#include "env/posix/internal/errors.h"

namespace memgrid::env::internal {

absl::StatusOr<std::vector<SocketAddress>> Resolve(const HostPort& target, bool for_listening) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV | (for_listening ? AI_PASSIVE : 0);
  addrinfo* found = nullptr;
  const std::string port = base::StrCat(target.port);
  const int error = ::getaddrinfo(target.host.c_str(), port.c_str(), &hints, &found);
  if (error != 0) {
    const std::string_view words = error == EAI_SYSTEM ? ErrorText(errno) : ::gai_strerror(error);
    return base::Unavailable("looking up ", target.host, ": ", words);
  }
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owned(found, ::freeaddrinfo);
  std::vector<SocketAddress> addresses;
  for (const addrinfo* entry = found; entry != nullptr; entry = entry->ai_next) {
    if (entry->ai_addrlen > sizeof(sockaddr_storage)) continue;
    SocketAddress& address = addresses.emplace_back();
    std::memcpy(&address.storage, entry->ai_addr, entry->ai_addrlen);
    address.size = entry->ai_addrlen;
  }
  if (addresses.empty()) return base::Unavailable("looking up ", target.host, ": no address");
  return addresses;
}

bool IsNumeric(const HostPort& target) {
  in6_addr scratch;
  return ::inet_pton(AF_INET, target.host.c_str(), &scratch) == 1 ||
         ::inet_pton(AF_INET6, target.host.c_str(), &scratch) == 1;
}

std::string FormatAddress(const sockaddr_storage& address) {
  char text[INET6_ADDRSTRLEN] = "?";
  if (address.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(address);
    ::inet_ntop(AF_INET, &v4.sin_addr, text, sizeof text);
    return FormatHostPort(text, ntohs(v4.sin_port));
  }
  const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address);
  if (address.ss_family == AF_INET6) ::inet_ntop(AF_INET6, &v6.sin6_addr, text, sizeof text);
  return FormatHostPort(text, address.ss_family == AF_INET6 ? ntohs(v6.sin6_port) : 0);
}

}  // namespace memgrid::env::internal
