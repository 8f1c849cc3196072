// Names of roots: what the index finds directly.

#pragma once

#include <cstdint>
#include <string_view>

namespace memgrid::storage {

// Name spaces inside a namespace. Keys and queues share one; regions have their own, so a key and a region may have one
// name. Part of the hashed and of the ordered key, and of tombstones.
enum class Space : uint8_t { kKeys = 0, kRegions = 1, kGrid = 2 };

// (namespace, space, name). Roots are ordered by namespace, then space, then the bytes of the name.
struct RootName {
  uint32_t ns = 0;  // number of the namespace in its shard; 0 is the shard itself
  Space space = Space::kKeys;
  std::string_view name;  // at most 1,024 bytes, any bytes

  friend bool operator==(const RootName&, const RootName&) = default;
};

// Keyed hash: tenants cannot aim at one bucket. The seed lies in the stripe headers.
struct HashSeed {
  uint64_t low = 0;
  uint64_t high = 0;
};

uint64_t HashOf(const RootName& name, const HashSeed& seed);

}  // namespace memgrid::storage
