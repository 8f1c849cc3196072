#include "storage/mark.h"

#include "base/crc32c.h"
#include "base/endian.h"

namespace memgrid::storage {
namespace {

constexpr uint32_t kMagic = 0x4257474D;  // "MGWB"
constexpr uint8_t kFormat = 1;
constexpr uint8_t kStreamMask = 15;
constexpr uint8_t kEarlierDurable = 16;

// Offsets of the fields; the format's page has the same table.
enum : size_t {
  kMagicAt = 0,
  kCrcAt = 4,
  kIncarnationAt = 8,
  kShardAt = 16,
  kStreamAt = 18,
  kFormatAt = 19,
  kShardEpochAt = 20,
  kNumberAt = 24,
  kPriorLengthAt = 28,
  kPersistedAt = 32,
  kAppliedAt = 40,
  kLastAt = 48,
  kClockAt = 56,
  kDurableAt = 64,
  kFlushedAt = 68,
  kEnd = 72,
};
static_assert(kEnd == kMarkBytes);

uint32_t Checksum(const char* at, const MarkPlace& place) {
  char context[16];
  base::StoreLe32(context, place.set);
  base::StoreLe32(context + 4, place.stripe);
  base::StoreLe32(context + 8, place.wblock);
  base::StoreLe32(context + 12, place.offset);
  return base::Crc32c(base::Crc32c(0, {context, sizeof context}), {at + kIncarnationAt, kEnd - kIncarnationAt});
}

}  // namespace

void WriteMark(char* at, const Mark& mark, const MarkPlace& place) {
  base::StoreLe32(at + kMagicAt, kMagic);
  base::StoreLe64(at + kIncarnationAt, mark.incarnation);
  base::StoreLe16(at + kShardAt, mark.shard);
  at[kStreamAt] = static_cast<char>(static_cast<uint8_t>(mark.stream) | (mark.earlier_durable ? kEarlierDurable : 0));
  at[kFormatAt] = kFormat;
  base::StoreLe32(at + kShardEpochAt, mark.shard_epoch);
  base::StoreLe32(at + kNumberAt, mark.number);
  base::StoreLe32(at + kPriorLengthAt, mark.prior_length / 8);
  base::StoreLe64(at + kPersistedAt, mark.persisted);
  base::StoreLe64(at + kAppliedAt, mark.applied);
  base::StoreLe64(at + kLastAt, mark.last);
  base::StoreLe64(at + kClockAt, mark.clock_ms);
  base::StoreLe32(at + kDurableAt, mark.durable / 8);
  base::StoreLe32(at + kFlushedAt, mark.flushed / 8);
  base::StoreLe32(at + kCrcAt, Checksum(at, place));
}

std::optional<Mark> ReadMark(const char* at, const MarkPlace& place) {
  if (base::LoadLe32(at + kMagicAt) != kMagic) return std::nullopt;
  if (base::LoadLe32(at + kCrcAt) != Checksum(at, place)) return std::nullopt;
  const auto stream = static_cast<uint8_t>(at[kStreamAt]);
  if (at[kFormatAt] != kFormat || (stream & kStreamMask) > 1) return std::nullopt;
  Mark mark;
  mark.incarnation = base::LoadLe64(at + kIncarnationAt);
  mark.shard = base::LoadLe16(at + kShardAt);
  mark.stream = static_cast<StreamKind>(stream & kStreamMask);
  mark.earlier_durable = (stream & kEarlierDurable) != 0;
  mark.shard_epoch = base::LoadLe32(at + kShardEpochAt);
  mark.number = base::LoadLe32(at + kNumberAt);
  mark.prior_length = base::LoadLe32(at + kPriorLengthAt) * 8;
  mark.persisted = base::LoadLe64(at + kPersistedAt);
  mark.applied = base::LoadLe64(at + kAppliedAt);
  mark.last = base::LoadLe64(at + kLastAt);
  mark.clock_ms = base::LoadLe64(at + kClockAt);
  mark.durable = base::LoadLe32(at + kDurableAt) * 8;
  mark.flushed = base::LoadLe32(at + kFlushedAt) * 8;
  return mark;
}

}  // namespace memgrid::storage
