#include "grid/commands/regions.h"

#include "grid/commands/compare.h"
#include "storage/region/region.h"

namespace memgrid::grid {
namespace {

storage::RootName RegionOf(const Command& command) {
  return {command.ns, storage::Space::kRegions, command.name};
}

// The region's meta; false, with the reason, if there is none to work on.
bool Find(const Change& change, const Command& command, storage::RegionMeta* meta, Result* result) {
  const storage::RegionRead read = change.Describe(RegionOf(command));
  *meta = read.meta;
  if (read.outcome == storage::ReadOutcome::kFound) {
    result->version = meta->version;
    return true;
  }
  result->reason = read.outcome == storage::ReadOutcome::kLost ? Reason::kLost : Reason::kNoRegion;
  return false;
}

// True if [offset, offset + length) ends at `end` or before. No overflow for any arguments.
bool Fits(uint64_t offset, uint64_t length, uint64_t end) {
  return offset <= end && length <= end - offset;
}

}  // namespace

void BoundAllocate(const BoundContext&, const Command& command, storage::Need* need) {
  AddRecord(need, command.name.size(), sizeof(storage::RegionMeta));
  need->creations += 1;
}

void ApplyAllocate(Change& change, const Command& command, Result* result) {
  const storage::RegionRead present = change.Describe(RegionOf(command));
  if (present.outcome == storage::ReadOutcome::kLost) {
    result->reason = Reason::kLost;
  } else if (present.outcome != storage::ReadOutcome::kAbsent) {
    result->reason = Reason::kRegionExists;
  } else {
    change.CreateRegion(RegionOf(command), command.first, storage::kMaxRegionBytes);
    result->version = change.seq();
    result->number = command.first;
  }
}

void BoundWrite(const BoundContext& context, const Command& command, storage::Need* need) {
  AddRegionWrite(need, context.max_record, command.name.size(), command.first,
                 command.payload.size());
}

void ApplyWrite(Change& change, const Command& command, Result* result) {
  storage::RegionMeta meta;
  if (!Find(change, command, &meta, result)) return;
  if (!Fits(command.first, command.payload.size(), meta.maximum)) {
    result->reason = Reason::kPastMaximum;
    result->number = meta.maximum;
    return;
  }
  if (command.payload.empty()) return;
  change.WriteRegion(RegionOf(command), meta, command.first, command.payload);
  result->version = change.seq();
  result->number = command.payload.size();
}

void BoundResize(const BoundContext& context, const Command& command, storage::Need* need) {
  AddRecord(need, command.name.size(), sizeof(storage::RegionMeta));
  AddRecord(need, command.name.size(), 24);  // the hole of a shrink
  const storage::Shard& shard = context.state.shard();
  const storage::RootName name = RegionOf(command);
  storage::RegionRead present;
  shard.DescribeRegion(name, shard.Hash(name), present);
  need->frees = command.first < present.meta.size;
}

void ApplyResize(Change& change, const Command& command, Result* result) {
  storage::RegionMeta meta;
  if (!Find(change, command, &meta, result)) return;
  if (command.first > meta.maximum) {
    result->reason = Reason::kPastMaximum;
    result->number = meta.maximum;
    return;
  }
  result->number = command.first;
  if (command.first == meta.size) return;
  change.ResizeRegion(RegionOf(command), meta, command.first);
  result->version = change.seq();
}

void BoundFree(const BoundContext&, const Command& command, storage::Need* need) {
  AddRecord(need, command.name.size(), 0);
  need->frees = true;
}

void ApplyFree(Change& change, const Command& command, Result* result) {
  storage::RegionMeta meta;
  if (!Find(change, command, &meta, result)) return;
  change.RemoveRegion(RegionOf(command), meta);
  result->version = change.seq();
}

void ApplySwapRange(Change& change, const Command& command, Result* result) {
  storage::RegionMeta meta;
  if (!Find(change, command, &meta, result)) return;
  if (!Fits(command.first, command.payload.size(), meta.size)) {
    result->reason = Reason::kPastSize;
    result->number = meta.size;
    return;
  }
  const storage::RegionRead present =
      change.Read(RegionOf(command), command.first, command.payload.size());
  if (present.outcome != storage::ReadOutcome::kFound) {
    result->reason = Reason::kLost;
    return;
  }
  result->swapped = Equal(present.payload, command.operand);
  if (!result->swapped || command.payload.empty()) return;
  change.WriteRegion(RegionOf(command), meta, command.first, command.payload);
  result->version = change.seq();
}

}  // namespace memgrid::grid
