// A store: the memory and shadow files of one server that share one engine configuration; its shards.

#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "env/loop.h"
#include "storage/options.h"
#include "storage/shard.h"

namespace memgrid::storage {

struct StripeStats {
  std::string path;  // empty without shadow
  uint64_t wblocks = 0, free_wblocks = 0, open_wblocks = 0, sealed_wblocks = 0, quarantined_wblocks = 0;
  bool read_only = false;
  std::string read_only_reason;
  std::string occupancy;  // a byte a wblock: 0..100 percent live, 253 quarantined, 254 open, 255 free
  uint64_t unflushed_bytes = 0;
};

struct StoreStats {
  std::string name;
  uint64_t wblock_bytes = 0, capacity_bytes = 0, live_bytes = 0, index_bytes = 0;
  bool stop_writes = false;
  std::string stop_writes_reason;
  uint64_t flushes = 0, flushed_bytes = 0, defrag_moved_bytes = 0, user_bytes = 0;
  std::vector<StripeStats> stripes;
  std::vector<ShardStats> shards;
};

// What a start found, for the log and for tests.
struct RecoveryReport {
  bool created = false;  // there was nothing: a new store
  uint64_t bytes_read = 0, records = 0, torn_bytes = 0, void_records = 0, lost_keys = 0;
  double seconds = 0;
  std::vector<uint64_t> applied;  // per shard: the command whose state came back
  // Damage that was found and contained, for the log: each begins with the path of the file and `checksum`.
  std::vector<std::string> warnings;
};

class Store {
 public:
  virtual ~Store() = default;

  // Opens or creates the store on running `loops`: reads the shadow files with all stripes and loops in parallel and
  // rebuilds the exact state after one command of each shard. Call and `done` on loop 0. Shard i is owned by loop
  // i modulo the number of loops. `progress` (may be null): bytes read so far and in all, about once a second.
  // Errors: FAILED_PRECONDITION / DATA_LOSS whose text begins with the file's path and one of `corrupt`, `truncated`,
  // `foreign`, `checksum`, `version`; nothing has been changed then. INVALID_ARGUMENT: sizes that do not work, saying
  // which setting to change.
  using Opened = absl::AnyInvocable<void(absl::StatusOr<std::unique_ptr<Store>>)>;
  using Progress = absl::AnyInvocable<void(uint64_t done_bytes, uint64_t all_bytes)>;
  static void Open(const StoreOptions& options, env::LoopGroup& loops, Progress progress, Opened done);

  virtual const StoreOptions& options() const = 0;
  virtual int shards() const = 0;
  virtual Shard& shard(int number) = 0;
  virtual const RecoveryReport& recovery() const = 0;

  // Any loop; figures of different moments.
  virtual StoreStats stats() const = 0;

  // Changes a setting that may change while serving (flush-max-ms, max-write-cache, defrag-*, stop-writes-*).
  virtual void Adjust(const StoreOptions& options) = 0;

  // Flushes everything, writes closing marks and the clean flag; `done` on loop 0. No command may be applied any more.
  virtual void Close(absl::AnyInvocable<void(absl::Status)> done) = 0;
};

}  // namespace memgrid::storage
