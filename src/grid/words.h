// Refusals that are said in several places: one wording each.

#pragma once

#include <cstdint>
#include <string_view>

#include "absl/status/status.h"

namespace memgrid::grid {

// Absent or another caller's: nobody can tell which.
absl::Status NoNamespace(std::string_view ns);
absl::Status NoKey(std::string_view key);
absl::Status NoRegion(std::string_view region);
// The name is that of something else (a queue where a key was asked for).
absl::Status WrongKind(std::string_view name);
// The stored bytes are rotten; writing the name again makes it whole.
absl::Status Lost(std::string_view name);
// [offset, offset + length) ends behind `size`.
absl::Status PastSize(uint64_t offset, uint64_t length, uint64_t size);
// offset + length has no place in 64 bits.
absl::Status PastEnd(uint64_t offset, uint64_t length);

}  // namespace memgrid::grid
