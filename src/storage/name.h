// Names of roots: what the index finds directly.

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

namespace memgrid::base {
class HashKey;
}

namespace memgrid::storage {

inline constexpr size_t kMaxNameBytes = 1024;

// Name spaces inside a namespace. Keys and queues share one; regions have their own, so a key and a region may have one
// name. Part of the hashed and of the ordered key, and of tombstones.
enum class Space : uint8_t { kKeys = 0, kRegions = 1, kGrid = 2 };

// (namespace, space, name). Roots are ordered by namespace, then space, then the bytes of the name.
struct RootName {
  uint32_t ns = 0;  // number of the namespace in its shard; 0 is the shard itself
  Space space = Space::kKeys;
  std::string_view name;  // at most kMaxNameBytes, any bytes

  friend bool operator==(const RootName&, const RootName&) = default;
};

// Keyed hash: tenants cannot aim at one bucket. The seed lies in the stripe headers.
struct HashSeed {
  uint64_t low = 0;
  uint64_t high = 0;
};

// Hashes names under one seed. The value lies on no disk but in records of chunks, where it names the root: it is the
// same for the same seed and name in every version of memgrid.
class NameHasher {
 public:
  explicit NameHasher(const HashSeed& seed);  // 0.3 µs
  ~NameHasher();
  NameHasher(const NameHasher&) = delete;
  NameHasher& operator=(const NameHasher&) = delete;

  // All 64 bits equally good; about 4 ns for short names. Any thread.
  uint64_t operator()(const RootName& name) const;

 private:
  const std::unique_ptr<const base::HashKey> key_;
  const uint64_t head_seed_;
};

// The same value, once: makes a NameHasher. Where names are hashed in numbers, keep one (Index::Hash does).
uint64_t HashOf(const RootName& name, const HashSeed& seed);

}  // namespace memgrid::storage
