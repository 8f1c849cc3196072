// What is known of one wblock while it is used: the accounting that decides when it may be written again.
// (docs/internals/reclaim.md)

#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace memgrid::storage {

enum class WblockUse : uint8_t {
  kFree = 0,         // in the pool
  kOpen = 1,         // a stream appends to it
  kSealed = 2,       // full
  kQuarantined = 3,  // sealed, nothing in it is live, and waiting until it may be written again
};

enum class StreamKind : uint8_t { kHead = 0, kSurvivor = 1 };

inline constexpr uint32_t kNoWblock = ~uint32_t{0};
inline constexpr uint16_t kNoShard = 0xFFFF;

// The dead whose older copies a crash could still read: what a tombstone may not be dropped before.
struct Dead {
  static constexpr size_t kBuckets = 64;
  static size_t BucketOf(uint64_t hash) { return hash >> 58; }

  uint64_t min_seq = ~uint64_t{0};  // lowest seq of a dead root or part
  uint64_t buckets = 0;             // a bit for each sixty-fourth of the hashes of their names (or ids)

  void Add(uint64_t seq, uint64_t hash) {
    min_seq = std::min(min_seq, seq);
    buckets |= uint64_t{1} << BucketOf(hash);
  }
};

// Written by the loop that owns its shard; what is atomic may be read by any (relaxed: figures for people).
struct Wblock {
  std::atomic<WblockUse> use{WblockUse::kFree};
  StreamKind stream = StreamKind::kHead;
  // Whose it is; all but the atomics is touched by that shard's loop only.
  std::atomic<uint16_t> shard{kNoShard};
  std::atomic<uint32_t> live{0};  // bytes of records that are needed in memory
  uint32_t number = 0;            // in its stream since boot
  uint32_t place_in_owned = 0;    // in the list of its shard
  uint32_t filled = 0;            // end of what has been appended
  uint32_t durable = 0;           // contiguously durable up to here
  uint64_t incarnation = 0;       // names this life of the wblock
  uint64_t max_seq = 0;           // of its records; head: of its marks' `applied` too
  uint64_t max_death = 0;         // highest command that killed something here
  uint64_t stated = 0;            // greatest `persisted` that a durable mark in it states
  uint64_t moved_to = 0;          // end of the last copy made from it, as position in the survivor stream
  uint64_t unlinked = 0;          // quiescence stamp taken after the last byte died; 0 = not taken
  uint64_t deaths = 0;            // how many records died, and
  uint64_t death_seq_sum = 0;     // the sum of the commands that killed them: its age for defrag
  uint32_t tombstones = 0;        // of the live bytes: of tombstones,
  uint32_t expired = 0;           // and of expired records that serve as tombstones
  bool has_void = false;          // records that a cut has made void: it should go soon
  bool header_only = false;       // of its life only the first mark is durable: an older life lies behind it
  bool rotten = false;            // something in it is not what was written: defrag leaves it alone
  uint64_t left_at = ~uint64_t{0};  // `deaths` when defrag left live bytes in it
  Dead dead;
};

}  // namespace memgrid::storage
