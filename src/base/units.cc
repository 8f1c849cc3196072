#include "base/units.h"

#include <cstddef>
#include <limits>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_format.h"
#include "base/strings.h"

namespace memgrid::base {
namespace {

constexpr std::string_view kUnits = "KMGT";

absl::Status BadSize(std::string_view text) {
  return absl::InvalidArgumentError(
      base::StrCat("\"", text.substr(0, 64),
                   "\" is not a size: write a whole number of bytes, or one with K, M, G or T "
                   "(powers of 1024), below 2^63"));
}

bool EqualsIgnoreCase(std::string_view a, std::string_view b) {
  return absl::EqualsIgnoreCase(ToAbsl(a), ToAbsl(b));
}

// The shift that the unit stands for, or -1.
int UnitShift(std::string_view unit) {
  if (unit.empty()) return 0;
  if (EqualsIgnoreCase(unit, "B")) return 0;
  const size_t power = kUnits.find(absl::ascii_toupper(unit[0]));
  if (power == std::string_view::npos) return -1;
  const std::string_view rest = unit.substr(1);
  if (!rest.empty() && !EqualsIgnoreCase(rest, "B") && !EqualsIgnoreCase(rest, "iB")) {
    return -1;
  }
  return static_cast<int>(power + 1) * 10;
}

}  // namespace

absl::StatusOr<uint64_t> ParseBytes(std::string_view text) {
  constexpr uint64_t kMax = std::numeric_limits<int64_t>::max();
  uint64_t number = 0;
  size_t digits = 0;
  for (; digits < text.size() && absl::ascii_isdigit(text[digits]); ++digits) {
    const uint64_t digit = text[digits] - '0';
    if (number > (kMax - digit) / 10) return BadSize(text);
    number = number * 10 + digit;
  }
  const int shift = UnitShift(text.substr(digits));
  if (digits == 0 || shift < 0 || number > kMax >> shift) return BadSize(text);
  return number << shift;
}

std::string ExactBytes(uint64_t bytes) {
  size_t power = 0;
  while (power < kUnits.size() && bytes != 0 && bytes % 1024 == 0) {
    bytes /= 1024;
    ++power;
  }
  return power == 0 ? base::StrCat(bytes) : StrCat(bytes, kUnits.substr(power - 1, 1));
}

std::string FormatBytes(uint64_t bytes) {
  if (bytes < 1024) return base::StrCat(bytes, " B");
  size_t power = 0;
  double value = static_cast<double>(bytes) / 1024;
  // Rounding must not show 1024 of a unit that has a successor.
  for (; value >= 1023.5 && power + 1 < kUnits.size(); ++power) value /= 1024;
  const int decimals = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
  return absl::StrFormat("%.*f %ciB", decimals, value, kUnits[power]);
}

}  // namespace memgrid::base
