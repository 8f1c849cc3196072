// Whether bytes of the engine are given bytes.

#pragma once

#include <cstring>
#include <string_view>

#include "base/payload.h"

namespace memgrid::grid {

inline bool Equal(const base::Payload& payload, std::string_view bytes) {
  if (payload.size != bytes.size()) return false;
  for (const std::string_view slice : payload.slices) {
    if (std::memcmp(slice.data(), bytes.data(), slice.size()) != 0) return false;
    bytes.remove_prefix(slice.size());
  }
  return true;
}

}  // namespace memgrid::grid
