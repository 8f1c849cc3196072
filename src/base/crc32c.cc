#include "base/crc32c.h"

#include <isa-l/crc.h>

#include <algorithm>
#include <cstddef>

namespace memgrid::base {

uint32_t Crc32c(uint32_t seed, std::string_view data) {
  // ISA-L takes an int for the length, does not write to the buffer despite its type, and leaves
  // both inversions to the caller.
  constexpr size_t kMaxPiece = size_t{1} << 30;
  uint32_t state = ~seed;
  while (!data.empty()) {
    const size_t piece = std::min(data.size(), kMaxPiece);
    auto* bytes = reinterpret_cast<unsigned char*>(const_cast<char*>(data.data()));
    state = crc32_iscsi(bytes, static_cast<int>(piece), state);
    data.remove_prefix(piece);
  }
  return ~state;
}

}  // namespace memgrid::base
