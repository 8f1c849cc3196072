// What the grid has done, for metrics and tests.

#pragma once

#include <cstdint>

#include "observe/counter.h"

namespace memgrid::grid {

// X(name, kind, unit, help): kind is `counter` (only grows) or `gauge`.
#define MEMGRID_GRID_COUNTERS(X)                                                                \
  X(reads, counter, "calls", "Reads of keys and regions")                                       \
  X(writes, counter, "calls", "Commands carried out")                                           \
  X(lists, counter, "calls", "Pages of lists")                                                  \
  X(hops, counter, "calls", "Calls handed to another loop, which owns the shard")               \
  X(refused, counter, "calls", "Commands refused: room, quota, overload, stopping")             \
  X(delayed, counter, "calls", "Commands held up because the write cache fills")                \
  X(parked, counter, "calls", "Answers that waited until what they saw was durable")            \
  X(repeated, counter, "calls", "Writes answered from their client's session")                  \
  X(ticks, counter, "commands", "Clock commands, which expire keys")                            \
  X(lists_restarted, counter, "calls", "Lists begun again because too much changed under them") \
  X(sessions, gauge, "sessions", "Clients whose last write can be repeated without harm")       \
  X(unauthenticated, counter, "calls", "Calls with a missing, bad or expired token")

struct Counters {
#define MEMGRID_GRID_FIELD(name, kind, unit, help) uint64_t name = 0;
  MEMGRID_GRID_COUNTERS(MEMGRID_GRID_FIELD)
#undef MEMGRID_GRID_FIELD
};

using observe::Counter;

struct alignas(64) LoopCounters {
#define MEMGRID_GRID_FIELD(name, kind, unit, help) Counter name;
  MEMGRID_GRID_COUNTERS(MEMGRID_GRID_FIELD)
#undef MEMGRID_GRID_FIELD
};

}  // namespace memgrid::grid
