// Any bytes as a record. They are tried as they are, and again with valid checksums: what then passes as good must lie
// within the bytes given, whichever way it is looked at.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "storage/record.h"
#include "storage/record_codec.h"

namespace memgrid::storage {
namespace {

constexpr uint64_t kIncarnation = 7;
constexpr uint32_t kOffset = 4096;

void MustLieWithin(std::string_view part, const char* at, size_t available) {
  MEMGRID_CHECK(part.data() >= at && part.size() <= available);
  MEMGRID_CHECK(part.data() + part.size() <= at + available);
}

void Look(const char* at, size_t available) {
  const RecordCheck check = CheckRecord(at, available, kIncarnation, kOffset);
  if (check == RecordCheck::kBad) return;
  const RecordView record(at);
  MEMGRID_CHECK(record.length() <= available);
  MustLieWithin(record.key(), at, available);
  if (check == RecordCheck::kGood) MustLieWithin(record.body(), at, available);
}

// The checksums can be computed where the fields that say what they cover make sense.
bool CanSeal(const char* at, size_t available) {
  if (available < kRecordHeaderBytes) return false;
  const RecordView record(at);
  const size_t expiry = (record.flags() & kExpiry) != 0 ? 8 : 0;
  return record.length() <= available &&
         record.length() >= kRecordHeaderBytes + expiry + record.key_length();
}

}  // namespace
}  // namespace memgrid::storage

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace memgrid::storage;
  // Aligned as in a wblock, and exactly as long as said, so that a read beyond is seen.
  std::vector<uint64_t> words(size / 8);
  if (words.empty()) return 0;
  auto* const at = reinterpret_cast<char*>(words.data());
  const size_t available = words.size() * 8;
  std::memcpy(at, data, available);
  Look(at, available);
  if (CanSeal(at, available)) {
    SealRecord(at, RecordView(at).more(), kIncarnation, kOffset);
    Look(at, available);
  }
  return 0;
}
