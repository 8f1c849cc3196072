// The most that commands can need of a shard: reserved before they enter the log, so that nothing
// is refused at apply.

#pragma once

#include <cstddef>
#include <cstdint>

#include "grid/commands/command.h"
#include "grid/shard_state.h"
#include "storage/shard.h"

namespace memgrid::grid {

// What bounds depend on.
struct BoundContext {
  ShardState& state;
  size_t max_record;  // bytes of the largest record of the store, header included
};

inline constexpr size_t kMostForgottenATick = 1000;  // sessions

// Bytes of a record with an expiry field, padded.
constexpr uint64_t RecordBytes(size_t name, size_t body) {
  return (storage::kRecordHeaderBytes + 8 + name + body + 7) / 8 * 8;
}

void AddRecord(storage::Need* need, size_t name, size_t body);
// A value in one record, or in a root and chunks.
void AddValue(storage::Need* need, size_t max_record, size_t name, size_t value);
// A write of `length` bytes, at most 16 MiB, to a region.
void AddRegionWrite(storage::Need* need, size_t max_record, size_t name, uint64_t offset,
                    size_t length);

// Logical bytes (usage.h) by which `command` would make its namespace grow; 0 if it would shrink,
// or is refused anyway.
uint64_t GrowthOf(const storage::Shard& shard, const Command& command);

}  // namespace memgrid::grid
