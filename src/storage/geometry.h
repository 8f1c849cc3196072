// How a store is divided: stripes, wblocks, shards, and the largest record. Fixed when the store is created.

#pragma once

#include <cstddef>
#include <cstdint>

#include "absl/status/statusor.h"
#include "storage/options.h"

namespace memgrid::storage {

inline constexpr uint64_t kFlushBytes = 1u << 20;  // one write to a shadow file is at most so long
inline constexpr size_t kStripeHeaderBytes = 4096;
inline constexpr size_t kShardEntryBytes = 256;
inline constexpr int kMaxShards = 1024;
inline constexpr int kMaxStripes = 128;
inline constexpr uint64_t kMaxStripeWblocks = 262144;

struct Geometry {
  bool shadow = false;
  int stripes = 1;
  int wblock_shift = 20;            // wblocks of 1, 2, 4 or 8 MiB
  uint32_t io_unit = 4096;          // what writes are aligned to
  uint32_t stripe_wblocks = 0;      // of one stripe; the first holds its header and no records
  int shards = 1;

  uint64_t wblock_bytes() const { return uint64_t{1} << wblock_shift; }
  uint32_t all_wblocks() const { return static_cast<uint32_t>(stripes) * stripe_wblocks; }
  // Wblocks that records can lie in.
  uint32_t usable_wblocks() const { return static_cast<uint32_t>(stripes) * (stripe_wblocks - 1); }
  uint64_t capacity_bytes() const { return uint64_t{usable_wblocks()} << wblock_shift; }
  // Longest record: an eighth of a wblock, and short enough to be flushed in one piece with its mark.
  size_t max_record() const;
  // Length of one copy of the stripe header with the shard table behind it, padded to the I/O unit.
  size_t header_copy_bytes() const;
  // Bytes of records that a fresh wblock surely takes, whatever their lengths.
  uint64_t sure_bytes() const;
};

// The geometry of a new store with these options on `loops` loops. INVALID_ARGUMENT, naming the setting to change, if
// the sizes do not work together.
absl::StatusOr<Geometry> PlanGeometry(const StoreOptions& options, int loops, uint32_t io_unit);

// INVALID_ARGUMENT if so many shards cannot live in so many wblocks (each needs 12).
absl::Status CheckShards(const Geometry& geometry);

}  // namespace memgrid::storage
