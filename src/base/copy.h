// Copies bytes that may be none at all: an empty view may have no address, which memcpy does not take.

#pragma once

#include <cstring>
#include <string_view>

namespace memgrid::base {

// Copies `bytes` to `to`, which has room for them; returns where they end.
inline char* CopyBytes(char* to, std::string_view bytes) {
  if (!bytes.empty()) std::memcpy(to, bytes.data(), bytes.size());
  return to + bytes.size();
}

}  // namespace memgrid::base
