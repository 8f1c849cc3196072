// What can be asked of the grid, and what it answers. Front ends fill requests with views of the
// bytes that they received; limits and words are checked by the grid, not by them.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/payload.h"
#include "env/clock.h"
#include "replication/consistency.h"

namespace memgrid::grid {

using Consistency = replication::Consistency;

// The credential that a request came with. Without authentication everything is one caller.
inline constexpr std::string_view kLocalCaller = "local";

// Who asks, from where, and how long the answer is of use. Views need to be valid during the call
// only.
struct Context {
  int loop = 0;  // index of the calling loop, on which the answer is given
  std::string_view caller = kLocalCaller;
  env::Nanos deadline =
      env::Nanos::max();  // monotonic; a command that has not begun by then never does
};

// Makes a write harmless to repeat: the last sequence of a client is answered again. Empty id and
// sequence 0: none.
// Another command under a used sequence, or an older sequence: FAILED_PRECONDITION.
struct WriteId {
  std::string_view client_id;  // 1..64 bytes
  uint64_t sequence = 0;
};

struct Freshness {
  Consistency consistency = Consistency::kLinearizable;
  uint64_t min_version = 0;  // kAtLeastVersion only
};

// Requests. `ns` is the namespace's name. Every view lies in the buffer that is handed over with
// the request.

// Makes a namespace of the caller. OK if it is the caller's already, ALREADY_EXISTS if another's.
struct CreateNamespace {
  std::string_view ns;
  WriteId id;
};
// Answered by ValueAnswer. NOT_FOUND: the namespace or the key is not there, or has expired.
struct GetKey {
  std::string_view key, ns;
  Freshness freshness;
};
// Creates or replaces. At most 16 MiB; RESOURCE_EXHAUSTED: no room, or over the quota.
struct PutKey {
  std::string_view key, ns, value;
  std::optional<uint64_t> ttl_ms;  // absent: the namespace's default; 0: never
  WriteId id;
};
// OK with version 0 if there is no such key. Goes on when there is no room for anything else.
struct DeleteKey {
  std::string_view key, ns;
  WriteId id;
};
// Keys or regions whose names begin with `prefix`, from `cursor` on. Answered by ListAnswer.
// INVALID_ARGUMENT: a cursor that no answer gave. ABORTED: too much changed meanwhile.
struct List {
  std::string_view prefix, ns, cursor;
  std::optional<uint64_t> limit;  // absent or 0: 10,000, which is the most
  Freshness freshness;
};
// Swaps if there is no key (`expect_absent`), or if its version is `expected_version` and, where
// `expected` is not empty, its value that; without both if its value is `expected`.
struct CompareAndSwap {
  std::string_view key, ns, expected, new_value;
  bool expect_absent = false;
  std::optional<uint64_t> expected_version;
  std::optional<uint64_t> ttl_ms;
  WriteId id;
};
// Makes a region that reads as zeros. ALREADY_EXISTS: there is one of that name.
struct AllocateMemory {
  std::string_view key, ns;
  uint64_t size_bytes = 0;
  WriteId id;
};
// Seen whole or not at all. Past the end the region grows; past the largest size OUT_OF_RANGE.
struct WriteMemory {
  std::string_view key, ns, data;
  uint64_t offset = 0;
  WriteId id;
};
// `length` bytes, at most 16 MiB. OUT_OF_RANGE: offset + length is past the size.
struct ReadMemory {
  std::string_view key, ns;
  uint64_t offset = 0, length = 0;
  Freshness freshness;
};
// What is cut off reads as zeros if the region grows again.
struct ResizeMemory {
  std::string_view key, ns;
  uint64_t new_size = 0;
  WriteId id;
};
// NOT_FOUND: there is no such region.
struct FreeMemory {
  std::string_view key, ns;
  WriteId id;
};
// Size and data length, without data.
struct DescribeMemory {
  std::string_view key, ns;
  Freshness freshness;
};
// Swaps if the bytes at `offset` are `expected`. Both are equally long, at most 64 KiB; never grows
// the region: OUT_OF_RANGE.
struct CompareAndSwapMemory {
  std::string_view key, ns, expected, new_value;
  uint64_t offset = 0;
  WriteId id;
};

// Answers.

struct WriteAnswer {
  // Sequence of the write that made what is there now; 0 where there was nothing to remove.
  uint64_t version = 0;
  uint64_t number = 0;  // of regions: the size after the command; of WriteMemory: the bytes written
  bool swapped = false;
};
// The value may lie in its wblock: the payload holds it for as long as it lives.
struct ValueAnswer {
  uint64_t version = 0;
  base::Payload value;
};
// As ValueAnswer. `size` and `data_length` are of the same moment as the data.
struct MemoryAnswer {
  uint64_t version = 0;
  uint64_t size = 0;         // declared
  uint64_t data_length = 0;  // end of the highest byte ever written
  base::Payload data;        // ReadMemory only
};
struct ListAnswer {
  // The names in byte order, one behind the other; ends[i] is where name i ends.
  std::string names;
  std::vector<uint32_t> ends;
  std::string cursor;  // empty at the end of the list
};

// Space and durability of a store, for operators. Counts are of one moment a stripe or shard, not
// of one moment for all.
struct StripeReport {
  std::string path;  // empty without shadow
  uint64_t wblocks = 0, free_wblocks = 0, open_wblocks = 0, sealed_wblocks = 0,
           quarantined_wblocks = 0;
  bool read_only = false;
  std::string read_only_reason;
  // A byte a wblock: 0..100 percent live, 253 quarantined, 254 open, 255 free.
  std::string occupancy;
  uint64_t unflushed_bytes = 0;
};
struct ShardReport {
  uint64_t applied = 0, persisted = 0, recorded = 0, clock_ms = 0, keys = 0, tombstones = 0;
  bool damaged = false;
};
struct StoreReport {
  std::string name;
  std::string durability;  // "memory", "shadow" or "device"
  uint64_t wblock_bytes = 0, capacity_bytes = 0, live_bytes = 0, index_bytes = 0, keys = 0,
           regions = 0;
  bool stop_writes = false;
  std::string stop_writes_reason;
  std::vector<StripeReport> stripes;
  std::vector<ShardReport> shards;
};

}  // namespace memgrid::grid
