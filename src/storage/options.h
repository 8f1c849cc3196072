// How a store is set up. Names and meaning follow the memory storage engine's parameters (docs/reference/settings.md);
// the configuration has checked every range before.

#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace memgrid::storage {

// Rules of reclaim (storage/reclaim.h) left out, one by one: the simulation must notice each. All false but in its tests.
struct Weakened {
  bool reuse_ignores_deaths = false;       // R1: what killed the records need not be recorded, nor the records
  bool reuse_by_persisted = false;         // R1: P instead of PR
  bool reuse_ignores_copies = false;       // R1: survivors need not be durable
  bool reuse_ignores_witness = false;      // R1: the only holder of the greatest PR may go
  bool reuse_ignores_own_seqs = false;     // R1: commands of a head may be newer than PR
  bool former_lives_forgotten = false;     // R2: gone as soon as they may be reused
  bool empty_counts_as_gone = false;       // R2: sealed wblocks without live bytes do not count
  bool tombstones_always_dropped = false;  // R3
  bool own_wblock_exempt = false;          // R3: the wblock that is cleaned does not count
  bool copies_leave_no_dead = false;       // deaths: what defrag leaves behind does not count
  bool clean_unrecorded = false;           // R4: newer records than PR may be moved
};

struct StoreOptions {
  std::string name = "default";
  std::vector<std::string> files;    // shadow files, one a stripe; with `filesize`
  std::vector<std::string> devices;  // raw devices, one a stripe (later issue)
  uint64_t filesize = 0;             // bytes of each file
  uint64_t data_size = 0;            // bytes of memory of a store without shadow
  bool commit_to_device = false;     // acknowledge when durable
  bool direct_files = false;         // refuse file systems without direct I/O, instead of doing without
  bool disable_odsync = false;
  int64_t flush_max_ms = 1000;            // 1..60000: bound of the loss window
  uint64_t max_write_cache = 64u << 20;   // bytes not yet durable, a stripe
  int defrag_lwm_pct = 50;                // 1..99
  int64_t defrag_queue_min = 0;           // wblocks
  int64_t defrag_sleep_us = 1000;
  int evict_used_pct = 0;                 // 0 = off
  int stop_writes_used_pct = 70;          // 1..85
  int stop_writes_avail_pct = 5;          // 0..99
  int shards = 0;                         // 0: chosen at creation
  // For tests and simulations: wblocks of 2^14 to 2^23 bytes (regions need 2^16) instead of 1 to 8 MiB, so that reclaim,
  // defrag and reuse happen all the time. 0: by size, as in production.
  int wblock_shift = 0;
  Weakened weakened;  // for tests of the simulation itself
  bool has_shadow() const { return !files.empty() || !devices.empty(); }
};

}  // namespace memgrid::storage
