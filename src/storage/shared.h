// What all loops of one store share: memory, the pool, quiescence, settings, counters. Internal to storage.

#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/qsbr.h"
#include "env/disk.h"
#include "storage/name.h"
#include "storage/options.h"
#include "storage/wblock_pool.h"
#include "storage/wblocks.h"

namespace memgrid::storage {

// Settings that may change while serving, read by all loops.
struct Tuning {
  std::atomic<int64_t> flush_max_ms{1000};
  std::atomic<uint64_t> max_write_cache{0};
  std::atomic<int> stop_writes_used_pct{70};
  std::atomic<int> stop_writes_avail_pct{5};
  std::atomic<int> defrag_lwm_pct{50};
  std::atomic<int64_t> defrag_sleep_us{1000};
  std::atomic<uint64_t> defrag_queue_min{0};

  void Set(const StoreOptions& options) {
    flush_max_ms = options.flush_max_ms;
    max_write_cache = options.max_write_cache;
    stop_writes_used_pct = options.stop_writes_used_pct;
    stop_writes_avail_pct = options.stop_writes_avail_pct;
    defrag_lwm_pct = options.defrag_lwm_pct;
    defrag_sleep_us = options.defrag_sleep_us;
    defrag_queue_min = static_cast<uint64_t>(options.defrag_queue_min);
  }
};

struct Counters {
  std::atomic<uint64_t> flushes{0};
  std::atomic<uint64_t> flushed_bytes{0};
  std::atomic<uint64_t> defrag_moved_bytes{0};
  std::atomic<uint64_t> user_bytes{0};  // of records that commands appended
};

// One shadow file. `failed` is set once, by the loop whose write failed, after `reason`.
struct Stripe {
  std::string path;
  std::unique_ptr<env::File> file;
  std::string reason;
  std::atomic<bool> failed{false};
};

struct Shared {
  Shared(std::unique_ptr<Wblocks> memory, int loops)
      : geometry(memory->geometry()), wblocks(std::move(memory)), pool(*wblocks, loops), qsbr(loops),
        stripes(static_cast<size_t>(geometry.stripes)) {}

  const Geometry geometry;
  const std::unique_ptr<Wblocks> wblocks;
  WblockPool pool;
  base::Qsbr qsbr;
  Tuning tuning;
  Weakened weakened;  // set before the first shard
  Counters counters;
  HashSeed seed;
  std::array<char, 16> uuid{};
  uint32_t set = 0;                          // checksum of the uuid, for marks
  std::vector<Stripe> stripes;               // with shadow
  std::atomic<uint64_t> next_incarnation{1};  // boot epoch in the upper half
  std::atomic<uint64_t> used{0};             // live and index bytes of all shards, as of their last turns
  // From the moment at which recovery is durable until the store is closed: reclaim works, and only then.
  std::atomic<bool> serving{false};
  std::atomic<bool> device_full{false};      // a reservation was refused: tried again every second
};

}  // namespace memgrid::storage
