#include "storage/record_codec.h"

#include <cstring>

#include "base/copy.h"
#include "base/check.h"
#include "base/crc32c.h"
#include "base/endian.h"

namespace memgrid::storage {
namespace {

constexpr size_t kLengthAt = 4;
constexpr size_t kSeqAt = 8;
constexpr size_t kNamespaceAt = 16;
constexpr size_t kKeyLengthAt = 20;
constexpr size_t kHeadCheckAt = 22;
constexpr uint32_t kMoreBit = uint32_t{kMore} << 25;

// Different for any two places of one wblock and, but for one chance in 2^32, for any two lives of it: bytes of another
// life or place never pass.
uint32_t Seed(uint64_t incarnation, uint32_t offset) {
  return static_cast<uint32_t>((incarnation * 0x9E3779B97F4A7C15u) >> 32) + offset / 8;
}

// Seeded like the checksum: a record that an earlier life left behind must not pass for one that has changed.
uint16_t HeadCheck(const char* at, size_t key_offset, size_t key_length, uint32_t seed) {
  const uint32_t crc = base::Crc32c(base::Crc32c(~seed, {at + kLengthAt, kHeadCheckAt - kLengthAt}),
                                    {at + key_offset, key_length});
  return static_cast<uint16_t>(crc ^ (crc >> 16));
}

}  // namespace

void WriteRecord(char* at, const RecordHead& head, std::span<const std::string_view> parts) {
  size_t body = 0;
  for (std::string_view part : parts) body += part.size();
  const bool expiry = head.expiry_ms != 0;
  const size_t length = RecordBytes(head.key.size(), expiry, body);
  const size_t pad = length - (kRecordHeaderBytes + (expiry ? 8 : 0) + head.key.size() + body);
  MEMGRID_DCHECK(length / 8 < (1u << 20) && head.seq <= kMaxSeq, "record of ", length, " bytes");
  const uint32_t flags = head.flags | (expiry ? storage::kExpiry : 0);
  base::StoreLe32(at + kLengthAt, static_cast<uint32_t>(length / 8) | static_cast<uint32_t>(head.kind) << 20 | flags << 25);
  base::StoreLe64(at + kSeqAt, head.seq | uint64_t{pad} << 56 | static_cast<uint64_t>(head.space) << 59);
  base::StoreLe32(at + kNamespaceAt, head.ns);
  base::StoreLe16(at + kKeyLengthAt, static_cast<uint16_t>(head.key.size()));
  char* to = at + kRecordHeaderBytes;
  if (expiry) {
    base::StoreLe64(to, head.expiry_ms);
    to += 8;
  }
  to = base::CopyBytes(to, head.key);
  for (std::string_view part : parts) {
    to = base::CopyBytes(to, part);
  }
  std::memset(to, 0, pad);
}

void SealRecord(char* at, bool more, uint64_t incarnation, uint32_t offset) {
  const uint32_t seed = Seed(incarnation, offset);
  const uint32_t word = base::LoadLe32(at + kLengthAt);
  base::StoreLe32(at + kLengthAt, more ? word | kMoreBit : word & ~kMoreBit);
  const RecordView record(at);
  const size_t key_offset = kRecordHeaderBytes + ((record.flags() & kExpiry) ? 8 : 0);
  base::StoreLe16(at + kHeadCheckAt, HeadCheck(at, key_offset, record.key_length(), seed));
  base::StoreLe32(at, base::Crc32c(seed, {at + 4, record.length() - 4}));
}

RecordCheck CheckRecord(const char* at, size_t available, uint64_t incarnation, uint32_t offset) {
  if (available < kRecordHeaderBytes) return RecordCheck::kBad;
  const RecordView record(at);
  const size_t length = record.length();
  if (length < kRecordHeaderBytes || length > available) return RecordCheck::kBad;
  const auto kind = static_cast<uint8_t>(record.kind());
  if (kind == 0 || kind > static_cast<uint8_t>(Kind::kPad)) return RecordCheck::kBad;
  const size_t key_offset = kRecordHeaderBytes + ((record.flags() & kExpiry) ? 8 : 0);
  if (key_offset + record.key_length() + record.pad() > length) return RecordCheck::kBad;
  const uint32_t seed = Seed(incarnation, offset);
  if (base::Crc32c(seed, {at + 4, length - 4}) == record.crc()) return RecordCheck::kGood;
  const bool head = HeadCheck(at, key_offset, record.key_length(), seed) == record.head_check();
  return head ? RecordCheck::kBadBody : RecordCheck::kBad;
}

}  // namespace memgrid::storage
