// Writing and checking records. Layout: storage/record.h.
//
// A record is written in two steps. WriteRecord puts all but the checksums in place; SealRecord, once it is known
// whether more records of the command follow, makes it valid. A record in memory that has not been sealed is not
// reachable by readers.

#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string_view>

#include "storage/record.h"

namespace memgrid::storage {

struct RecordHead {
  Kind kind = Kind::kPad;
  uint8_t flags = 0;  // kPatch; kExpiry and kMore are set as needed
  Space space = Space::kKeys;
  uint64_t seq = 0;
  uint32_t ns = 0;
  std::string_view key;
  uint64_t expiry_ms = 0;  // 0 = never
};

// Length of the record, padding included. No overflow for key ≤ 1,024 and body ≤ 2^32.
inline size_t RecordBytes(size_t key, bool expiry, size_t body) {
  return (kRecordHeaderBytes + (expiry ? 8 : 0) + key + body + 7) & ~size_t{7};
}

// Writes the record at `at`, whose RecordBytes are free. The body is `parts` in order.
void WriteRecord(char* at, const RecordHead& head, std::span<const std::string_view> parts);

// Sets MORE as told, the head check and the checksum. `offset` of the record in its wblock.
void SealRecord(char* at, bool more, uint64_t incarnation, uint32_t offset);

enum class RecordCheck : uint8_t {
  kGood,
  kBadBody,  // header and key are as written, the rest is not: it is known whose record this was
  kBad,      // nothing of it can be trusted
};

// Checks the bytes at `at`, of which `available` may be read, for a record of this incarnation at this offset. Never
// reads beyond, whatever the bytes are. kBadBody means that length() ≤ available and the header fields are sound.
RecordCheck CheckRecord(const char* at, size_t available, uint64_t incarnation, uint32_t offset);

}  // namespace memgrid::storage
