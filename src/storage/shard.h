// One shard of a store as the grid sees it: an exact state machine's memory.
//
// The owner applies commands in order: Admit, then Begin, changes, Commit. What Commit publishes is seen by readers on
// every loop at once; it is durable when persisted() has reached its sequence. After a crash the shard holds exactly the
// state after some whole command. (docs/internals/engine.md)
//
// Threads: "any loop" calls inside a turn of that loop, without locks; all other calls on the owner's loop.

#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "absl/functional/any_invocable.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "base/payload.h"
#include "env/clock.h"
#include "env/loop.h"
#include "storage/name.h"
#include "storage/record.h"
#include "storage/region/region.h"

namespace memgrid::storage {

// Most that a command can need: checked before it enters the log, so that nothing is refused at apply.
struct Need {
  uint32_t records = 0;
  uint64_t bytes = 0;    // of records, headers included
  uint32_t creations = 0;  // names new to the index
  bool frees = false;      // a delete or a shrink: goes on in stop-writes
};

struct Admission {
  absl::Status status;         // RESOURCE_EXHAUSTED (stop-writes, no room), UNAVAILABLE with a retry hint (credit)
  env::Nanos delay{0};         // OK, but the writer must be held up for so long first (write cache filling)
};

enum class ReadOutcome : uint8_t {
  kFound,
  kAbsent,
  kWrongKind,   // the name is of another kind (a queue where a value was asked for)
  kLost,        // the stored bytes are rotten: DATA_LOSS
  kOutOfRange,  // of the region's size
  kAskOwner,    // a change is under way: ask again on the owner's loop
};

struct ValueRead {
  ReadOutcome outcome = ReadOutcome::kAbsent;
  uint64_t seq = 0;  // of the write that was read; of the delete, where it is known, for kAbsent
  uint64_t expiry_ms = 0;
  base::Payload payload;
};

struct RegionRead {
  ReadOutcome outcome = ReadOutcome::kAbsent;
  RegionMeta meta;
  base::Payload payload;
};

struct ShardStats {
  uint64_t applied = 0, persisted = 0, recorded = 0, clock_ms = 0;
  uint64_t keys = 0, regions = 0, tombstones = 0, live_bytes = 0, index_bytes = 0;
  bool damaged = false;
};

class Shard {
 public:
  virtual ~Shard() = default;

  virtual int number() const = 0;
  virtual env::Loop& owner() = 0;

  // --- any loop ---

  virtual uint64_t Hash(const RootName& name) const = 0;
  virtual void Prefetch(uint64_t hash) const = 0;
  // A key's value. Expired (deadline at or before clock_ms()) is absent.
  virtual void ReadValue(const RootName& name, uint64_t hash, ValueRead& out) const = 0;
  // At most 16 MiB of a region. `length` 0 at `size` is fine.
  virtual void ReadRegion(const RootName& name, uint64_t hash, uint64_t offset, uint64_t length, RegionRead& out) const = 0;
  // Meta only.
  virtual void DescribeRegion(const RootName& name, uint64_t hash, RegionRead& out) const = 0;

  virtual uint64_t applied() const = 0;    // last command applied
  virtual uint64_t persisted() const = 0;  // every command ≤ it is durable
  virtual uint64_t recorded() const = 0;   // ... and a durable mark says so: the Raft log up to it may go
  virtual uint64_t clock_ms() const = 0;   // the shard's logged clock
  // False for a store without shadow: then nothing is ever durable and nobody waits for it.
  virtual bool has_shadow() const = 0;
  virtual ShardStats stats() const = 0;

  // --- owner ---

  virtual Admission Admit(const Need& need) = 0;

  // A command. Between Begin and Commit: any of the changes, each name at most once. They are appended as one and
  // published as one. `time_ms`: the command's time; the clock becomes max(clock, it) for reading expiry, but only Tick
  // moves the logged clock.
  virtual void Begin(uint64_t seq) = 0;
  virtual void PutValue(const RootName& name, uint64_t hash, uint64_t expiry_ms, std::string_view value) = 0;
  // A record of the grid's own (kNamespaceMeta, kSession), at most a quarter of the largest record.
  virtual void PutGrid(Kind kind, const RootName& name, uint64_t hash, std::string_view body) = 0;
  // Removes a key, region or grid record; fine if it is not there. False then (and nothing is recorded).
  virtual bool Remove(const RootName& name, uint64_t hash) = 0;
  // Precondition of the next three: checked with DescribeRegion in the same command. A command creates at most one
  // region: its seq becomes the region's id.
  virtual void CreateRegion(const RootName& name, uint64_t hash, uint64_t size, uint64_t maximum) = 0;
  virtual void WriteRegion(const RootName& name, uint64_t hash, uint64_t offset, std::string_view data) = 0;
  virtual void ResizeRegion(const RootName& name, uint64_t hash, uint64_t new_size) = 0;
  // Moves the logged clock; what expires by it is absent from Commit on and cleaned up in slices.
  virtual void Tick(uint64_t clock_ms) = 0;
  virtual void Commit() = 0;

  // Least deadline that is pending, in the clock's ms; ~0 = none. For proposing the next tick.
  virtual uint64_t NextDeadline() const = 0;

  // Live names in order, as Index::List. Expired names are left out.
  virtual bool List(uint32_t ns, Space space, std::string_view prefix, std::string_view after,
                    absl::FunctionRef<bool(std::string_view name)> visit) const = 0;
  // Every live record of a space over all namespaces (start-up: sessions and namespaces of the grid).
  virtual void Scan(Space space, absl::FunctionRef<void(RecordView record)> visit) const = 0;

  // Runs `done` on the owner's loop when persisted() ≥ seq (at once if it is), OK; or with DATA_LOSS/UNAVAILABLE if the
  // device failed before. At most 65,536 waiters a shard: RESOURCE_EXHAUSTED beyond.
  virtual void WhenPersisted(uint64_t seq, absl::AnyInvocable<void(absl::Status)> done) = 0;
  // Asks that everything up to `seq` be flushed now, not at `flush-max-ms`.
  virtual void FlushTo(uint64_t seq) = 0;
};

}  // namespace memgrid::storage
