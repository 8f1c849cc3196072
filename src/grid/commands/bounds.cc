#include "grid/commands/bounds.h"

#include <algorithm>

#include "storage/region/region.h"

namespace memgrid::grid {
namespace {

constexpr size_t kRootBody = 12;   // total length, number of chunks
constexpr size_t kChunkHead = 12;  // hash of the root, number
constexpr size_t kRegionMetaBody = 32;

uint64_t GrowthOfKey(const storage::Shard& shard, const Command& command) {
  const storage::RootName name{command.ns, storage::Space::kKeys, command.name};
  storage::ValueRead present;
  shard.ReadValue(name, shard.Hash(name), present);
  if (present.outcome != storage::ReadOutcome::kFound)
    return command.name.size() + command.payload.size();
  return command.payload.size() - std::min(command.payload.size(), present.payload.size);
}

uint64_t GrowthOfRegion(const storage::Shard& shard, const Command& command) {
  const storage::RootName name{command.ns, storage::Space::kRegions, command.name};
  storage::RegionRead present;
  shard.DescribeRegion(name, shard.Hash(name), present);
  if (present.outcome != storage::ReadOutcome::kFound) return 0;
  const uint64_t end = command.first + command.payload.size();  // fits: checked with the request
  if (command.payload.empty() || end > present.meta.maximum) return 0;
  return end - std::min(end, present.meta.data_length);
}

}  // namespace

uint64_t GrowthOf(const storage::Shard& shard, const Command& command) {
  switch (command.kind) {
    case CommandKind::kPut:
    case CommandKind::kCompareAndSwap:
      return GrowthOfKey(shard, command);
    case CommandKind::kAllocateRegion:
      return command.name.size();
    case CommandKind::kWriteRegion:
    case CommandKind::kSwapRegionRange:
      return GrowthOfRegion(shard, command);
    default:
      return 0;
  }
}

void AddRecord(storage::Need* need, size_t name, size_t body) {
  need->records += 1;
  need->bytes += RecordBytes(name, body);
}

void AddValue(storage::Need* need, size_t max_record, size_t name, size_t value) {
  need->creations += 1;
  if (RecordBytes(name, value) <= max_record) {
    AddRecord(need, name, value);
    return;
  }
  AddRecord(need, name, kRootBody);
  const size_t part = max_record - RecordBytes(0, kChunkHead);
  const size_t chunks = (value + part - 1) / part;
  need->records += static_cast<uint32_t>(chunks);
  need->bytes += value + chunks * RecordBytes(0, kChunkHead + 7);
}

void AddRegionWrite(storage::Need* need, size_t max_record, size_t name, uint64_t offset,
                    size_t length) {
  size_t records = 0;
  uint64_t bytes = 0;
  storage::Region::Bound(offset, length, max_record, &records, &bytes);
  need->records += static_cast<uint32_t>(records);
  need->bytes += bytes;
  AddRecord(need, name, kRegionMetaBody);
}

}  // namespace memgrid::grid
