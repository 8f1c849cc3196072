// The few numbers of a shard that its parts and readers on all loops share. Internal to storage.

#pragma once

#include <atomic>
#include <cstdint>

namespace memgrid::storage {

// Written by the owner; read by any loop.
struct ShardState {
  explicit ShardState(int shard) : number(static_cast<uint16_t>(shard)) {}

  const uint16_t number;
  uint32_t epoch = 1;
  uint64_t base = 0;  // seq of the last cut: durable in the shard table, so as good as a mark that states it
  std::atomic<uint64_t> applied{0};
  std::atomic<uint64_t> persisted{0};
  std::atomic<uint64_t> recorded{0};
  std::atomic<uint64_t> clock_ms{0};
};

}  // namespace memgrid::storage
