// Which wblocks to clean: those where a byte moved frees most, weighed by how long their bytes have been dying.

#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "storage/reclaim.h"
#include "storage/shared.h"
#include "storage/shard_state.h"

namespace memgrid::storage {

// What the choice depends on beside the wblocks.
struct VictimWish {
  bool urgent = false;        // free space is short: whatever gains, not only what is below `defrag-lwm-pct`
  bool tombstones = false;    // too many tombstones wait: the wblocks that hold them up, and those that hold them
  uint64_t queue_min = 0;     // do nothing for so few candidates, unless urgent
  int lwm_pct = 50;
  uint64_t lowest_floor = 0;  // tombstones up to this seq can be dropped
};

struct Victim {
  uint32_t wblock = 0;
  uint64_t incarnation = 0;
  double score = 0;
};

// At most `limit` of the shard's wblocks `owned`, best first. Looks at each of them: 2 to 10 ns.
std::vector<Victim> ChooseVictims(const Shared& shared, const ShardState& state, const std::vector<uint32_t>& owned,
                                  const VictimWish& wish, size_t limit);

}  // namespace memgrid::storage
