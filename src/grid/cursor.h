// Where the next page of a list begins: the last name given, authenticated and bound to the list.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "storage/name.h"

namespace memgrid::grid {

struct ListScope {
  uint32_t ns = 0;  // number in the shard
  storage::Space space = storage::Space::kKeys;
  std::string_view prefix;
};

// `secret`: the shard's. A cursor says nothing but `last`; only this shard can make one.
std::string MakeCursor(std::string_view secret, const ListScope& scope, std::string_view last);

// The name in `cursor`; a view of it. INVALID_ARGUMENT if this shard did not make it for `scope`.
absl::StatusOr<std::string_view> OpenCursor(std::string_view secret, const ListScope& scope,
                                            std::string_view cursor);

}  // namespace memgrid::grid
