// Sizes as people write them.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace memgrid::base {

inline constexpr uint64_t kKiB = uint64_t{1} << 10;
inline constexpr uint64_t kMiB = uint64_t{1} << 20;
inline constexpr uint64_t kGiB = uint64_t{1} << 30;
inline constexpr uint64_t kTiB = uint64_t{1} << 40;

// "4G" -> 4 x 2^30. A number without sign or fraction, then nothing or one of K M G T (either
// case, powers of 1,024), which may be followed by "B" or "iB". INVALID_ARGUMENT, saying what is
// allowed, for anything else and for more than 2^63 - 1 bytes.
absl::StatusOr<uint64_t> ParseBytes(std::string_view text);

// The shortest text that ParseBytes turns back into `bytes`: 4294967296 -> "4G", 1000 -> "1000".
std::string ExactBytes(uint64_t bytes);

// For people: three digits at least and a unit: "0 B", "1000 B", "1.00 KiB", "15.3 GiB", "1023
// MiB".
std::string FormatBytes(uint64_t bytes);

}  // namespace memgrid::base
