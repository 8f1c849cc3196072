#include "env/address.h"

#include <cstddef>

#include "base/status.h"
#include "base/strings.h"

namespace memgrid::env {
namespace {

absl::Status Bad(std::string_view text, std::string_view why) {
  return base::InvalidArgument("address \"", text.substr(0, 256), "\" ", why);
}

// Splits at the colon before the port; false if the text has no such shape.
bool Split(std::string_view text, std::string_view* host, std::string_view* port) {
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return false;
  *host = text.substr(0, colon);
  *port = text.substr(colon + 1);
  const bool bracketed = host->size() >= 2 && host->front() == '[' && host->back() == ']';
  if (bracketed) {
    *host = host->substr(1, host->size() - 2);
  } else if (host->find_first_of(":[]") != std::string_view::npos) {
    return false;
  }
  return !host->empty() && host->find_first_of("[]") == std::string_view::npos;
}

}  // namespace

absl::StatusOr<HostPort> ParseHostPort(std::string_view text) {
  std::string_view host, port;
  if (text.size() > 256 || !Split(text, &host, &port)) {
    return Bad(text, "is not HOST:PORT (an IPv6 host is written in brackets)");
  }
  uint32_t number = 0;
  bool digits_only = !port.empty() && port.size() <= 5;
  for (const char c : port) {
    digits_only = digits_only && c >= '0' && c <= '9';
    number = number * 10 + static_cast<uint32_t>(c - '0');
  }
  if (!digits_only || number > 65535) return Bad(text, "has no port between 0 and 65535");
  return HostPort{std::string(host), static_cast<uint16_t>(number)};
}

std::string FormatHostPort(std::string_view host, uint16_t port) {
  const bool brackets = host.find(':') != std::string_view::npos;
  return base::StrCat(brackets ? "[" : "", host, brackets ? "]:" : ":", port);
}

}  // namespace memgrid::env
