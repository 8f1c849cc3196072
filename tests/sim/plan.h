// What one seed stands for: the store, the machine and how it is treated.

#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "storage/options.h"

namespace memgrid::sim {

// What the world does to the store besides cutting its power.
enum class Trouble : uint8_t {
  kNone,
  kFullDisk,    // the file system has less room than the files were promised
  kBadStripe,   // writes to one file begin to fail
  kRot,         // bits change between two lives
};

// Reads none, full-disk, bad-stripe, rot.
bool ParseTrouble(std::string_view name, Trouble* trouble);

// How the simulation is deceived, to see that it would notice.
enum class Canary : uint8_t {
  kNone,
  kForgottenWrite,  // every 64th command reaches the model and not the engine
  kLyingDisk,       // writes are answered before they are durable
};

// Reads the name of a canary: forgotten-write, lying-disk.
bool ParseCanary(std::string_view name, Canary* canary);

// Leaves a rule of reclaim (storage/options.h) out: deaths, recorded, copies, witness, own-seqs, former-lives,
// empty-wblocks, tombstones, own-wblock, dead-copies, clean-recorded.
bool ParseRule(std::string_view name, storage::Weakened* weakened);

struct Plan {
  uint64_t seed = 0;
  Trouble trouble = Trouble::kNone;
  Canary canary = Canary::kNone;
  storage::StoreOptions options;
  int loops = 1;
  int lives = 1;                    // boots; all but the last end by a crash or in peace
  uint64_t commands = 0;            // of a life and shard, at most
  uint64_t names = 0;               // that a shard's keys are chosen from
  uint64_t largest_value = 0;
  uint64_t most_bytes = 0;          // of values and regions of a shard: beyond, the workload removes
  bool regions = false;
  std::chrono::microseconds slowest_write{0};
  uint64_t torn_garbage_pct = 0;
  bool log = false;  // prints every command
  // If not 0, the first life crashes before this event of its disk, and a second one checks.
  uint64_t crash_first_at = 0;

  uint64_t wblock_bytes() const { return uint64_t{1} << options.wblock_shift; }
  uint64_t max_record() const;
  // One line, for the log.
  std::string Describe() const;
};

// `length`: 1 is 20,000 commands a shard over all lives, or less. `trouble`: instead of the seed's.
Plan MakePlan(uint64_t seed, double length, Canary canary, std::optional<Trouble> trouble);

}  // namespace memgrid::sim
