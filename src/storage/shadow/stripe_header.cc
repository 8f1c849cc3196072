#include "storage/shadow/stripe_header.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "base/crc32c.h"
#include "base/endian.h"

namespace memgrid::storage {
namespace {

using base::LoadLe16;
using base::LoadLe32;
using base::LoadLe64;
using base::StoreLe16;
using base::StoreLe32;
using base::StoreLe64;

constexpr char kMagic[] = {'M', 'G', 'S', 'T', 'R', 'I', 'P', 'E'};
constexpr uint16_t kMajor = 1;
constexpr uint16_t kMinor = 0;

// Offsets of the fields; the format's page has the same table.
enum HeaderAt : size_t {
  kMagicAt = 0,
  kMajorAt = 8,
  kMinorAt = 10,
  kFlagsAt = 12,
  kUuidAt = 16,
  kStripeAt = 32,
  kStripesAt = 34,
  kWblockShiftAt = 36,
  kIoShiftAt = 37,
  kShardsAt = 38,
  kWblocksAt = 40,
  kGenerationAt = 48,
  kBootEpochAt = 56,
  kHighestAt = 60,
  kSeedAt = 64,
  kKeyAt = 80,  // key id and wrapped key, zero without encryption
  kCreatedAt = 136,
  kHeaderEnd = 144,
  kHeaderCrcAt = 4092,
};
static_assert(kHeaderCrcAt + 4 == kStripeHeaderBytes && kKeyAt + 56 == kCreatedAt);

enum EntryAt : size_t {
  kEntryShardAt = 0,
  kEntryStateAt = 2,
  kEntryCutsAt = 3,
  kEntryEpochAt = 4,
  kEntryBaseSeqAt = 8,
  kEntryBaseTermAt = 16,
  kEntryCutListAt = 24,
  kEntryCrcAt = 252,
};
constexpr size_t kCutBytes = 12;
static_assert(kEntryCutListAt + kMaxCuts * kCutBytes <= kEntryCrcAt && kEntryCrcAt + 4 == kShardEntryBytes);

// Binds an entry to its header: an entry left over from an older copy does not pass.
uint32_t EntryChecksum(const char* at, uint64_t generation) {
  char context[8];
  StoreLe64(context, generation);
  return base::Crc32c(base::Crc32c(0, {context, sizeof context}), {at, kEntryCrcAt});
}

void WriteEntry(const ShardEntry& entry, uint16_t shard, uint64_t generation, char* at) {
  MEMGRID_CHECK(entry.cuts.size() <= kMaxCuts, "shard ", shard, " has ", entry.cuts.size(), " cuts");
  StoreLe16(at + kEntryShardAt, shard);
  at[kEntryStateAt] = static_cast<char>(entry.state);
  at[kEntryCutsAt] = static_cast<char>(entry.cuts.size());
  StoreLe32(at + kEntryEpochAt, entry.epoch);
  StoreLe64(at + kEntryBaseSeqAt, entry.base_seq);
  StoreLe64(at + kEntryBaseTermAt, entry.base_term);
  for (size_t i = 0; i < entry.cuts.size(); ++i) {
    StoreLe32(at + kEntryCutListAt + i * kCutBytes, entry.cuts[i].boot_epoch);
    StoreLe64(at + kEntryCutListAt + i * kCutBytes + 4, entry.cuts[i].seq);
  }
  StoreLe32(at + kEntryCrcAt, EntryChecksum(at, generation));
}

bool ReadEntry(const char* at, uint16_t shard, uint64_t generation, ShardEntry* entry) {
  if (LoadLe32(at + kEntryCrcAt) != EntryChecksum(at, generation)) return false;
  const auto state = static_cast<uint8_t>(at[kEntryStateAt]);
  const auto cuts = static_cast<uint8_t>(at[kEntryCutsAt]);
  if (LoadLe16(at + kEntryShardAt) != shard || state > 3 || cuts > kMaxCuts) return false;
  entry->state = static_cast<ShardTableState>(state);
  entry->epoch = LoadLe32(at + kEntryEpochAt);
  entry->base_seq = LoadLe64(at + kEntryBaseSeqAt);
  entry->base_term = LoadLe64(at + kEntryBaseTermAt);
  for (size_t i = 0; i < cuts; ++i) {
    entry->cuts.push_back({LoadLe32(at + kEntryCutListAt + i * kCutBytes), LoadLe64(at + kEntryCutListAt + i * kCutBytes + 4)});
  }
  return true;
}

bool FieldsMakeSense(const StripeHeader& header) {
  return header.stripes >= 1 && header.stripes <= kMaxStripes && header.stripe < header.stripes && header.wblock_shift >= 14 &&
         header.wblock_shift <= 23 && header.io_shift >= 9 && header.io_shift <= 16 && header.shards >= 1 &&
         header.shards <= kMaxShards && header.wblocks >= 2 && header.wblocks <= kMaxStripeWblocks &&
         header.highest < header.wblocks;
}

void ReadFields(const char* at, StripeHeader* header) {
  header->flags = LoadLe32(at + kFlagsAt);
  std::memcpy(header->uuid.data(), at + kUuidAt, header->uuid.size());
  header->stripe = LoadLe16(at + kStripeAt);
  header->stripes = LoadLe16(at + kStripesAt);
  header->wblock_shift = static_cast<uint8_t>(at[kWblockShiftAt]);
  header->io_shift = static_cast<uint8_t>(at[kIoShiftAt]);
  header->shards = LoadLe16(at + kShardsAt);
  header->wblocks = LoadLe64(at + kWblocksAt);
  header->generation = LoadLe64(at + kGenerationAt);
  header->boot_epoch = LoadLe32(at + kBootEpochAt);
  header->highest = LoadLe32(at + kHighestAt);
  header->seed = {LoadLe64(at + kSeedAt), LoadLe64(at + kSeedAt + 8)};
  header->created_ms = LoadLe64(at + kCreatedAt);
}

}  // namespace

bool operator==(const StripeHeader& a, const StripeHeader& b) {
  char copies[2][kStripeHeaderBytes];
  StripeHeader bare[] = {a, b};
  for (int i = 0; i < 2; ++i) {
    bare[i].table.clear();
    WriteStripeHeader(bare[i], copies[i], kStripeHeaderBytes);
  }
  return std::memcmp(copies[0], copies[1], kStripeHeaderBytes) == 0 && a.table == b.table;
}

void WriteStripeHeader(const StripeHeader& header, char* at, size_t bytes) {
  MEMGRID_CHECK(kStripeHeaderBytes + header.table.size() * kShardEntryBytes <= bytes);
  std::memset(at, 0, bytes);
  std::memcpy(at + kMagicAt, kMagic, sizeof kMagic);
  StoreLe16(at + kMajorAt, kMajor);
  StoreLe16(at + kMinorAt, kMinor);
  StoreLe32(at + kFlagsAt, header.flags);
  std::memcpy(at + kUuidAt, header.uuid.data(), header.uuid.size());
  StoreLe16(at + kStripeAt, header.stripe);
  StoreLe16(at + kStripesAt, header.stripes);
  at[kWblockShiftAt] = static_cast<char>(header.wblock_shift);
  at[kIoShiftAt] = static_cast<char>(header.io_shift);
  StoreLe16(at + kShardsAt, header.shards);
  StoreLe64(at + kWblocksAt, header.wblocks);
  StoreLe64(at + kGenerationAt, header.generation);
  StoreLe32(at + kBootEpochAt, header.boot_epoch);
  StoreLe32(at + kHighestAt, header.highest);
  StoreLe64(at + kSeedAt, header.seed.low);
  StoreLe64(at + kSeedAt + 8, header.seed.high);
  StoreLe64(at + kCreatedAt, header.created_ms);
  StoreLe32(at + kHeaderCrcAt, base::Crc32c(0, {at, kHeaderCrcAt}));
  for (size_t i = 0; i < header.table.size(); ++i) {
    WriteEntry(header.table[i], static_cast<uint16_t>(i), header.generation, at + kStripeHeaderBytes + i * kShardEntryBytes);
  }
}

HeaderFound ReadStripeHeader(std::string_view bytes, StripeHeader* header, uint16_t* major) {
  const char* at = bytes.data();
  if (bytes.size() < kStripeHeaderBytes) return HeaderFound::kForeign;
  const std::string_view first = bytes.substr(0, kStripeHeaderBytes);
  if (std::memcmp(at, kMagic, sizeof kMagic) != 0) {
    const bool blank = std::all_of(first.begin(), first.end(), [](char c) { return c == 0; });
    return blank ? HeaderFound::kBlank : HeaderFound::kForeign;
  }
  if (LoadLe32(at + kHeaderCrcAt) != base::Crc32c(0, {at, kHeaderCrcAt})) return HeaderFound::kChecksum;
  *major = LoadLe16(at + kMajorAt);
  // A newer minor version may be read but not written; this program only opens to write.
  if (*major != kMajor || LoadLe16(at + kMinorAt) > kMinor) return HeaderFound::kVersion;
  ReadFields(at, header);
  header->table.clear();
  if (!FieldsMakeSense(*header)) return HeaderFound::kChecksum;
  if ((header->flags & StripeHeader::kHasTable) == 0) return HeaderFound::kGood;
  if (bytes.size() < kStripeHeaderBytes + size_t{header->shards} * kShardEntryBytes) return HeaderFound::kChecksum;
  for (uint16_t i = 0; i < header->shards; ++i) {
    ShardEntry& entry = header->table.emplace_back();
    if (!ReadEntry(at + kStripeHeaderBytes + size_t{i} * kShardEntryBytes, i, header->generation, &entry)) {
      return HeaderFound::kChecksum;
    }
  }
  return HeaderFound::kGood;
}

}  // namespace memgrid::storage
