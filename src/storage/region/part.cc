#include "storage/region/part.h"

namespace memgrid::storage {
namespace {

bool ValidExtent(PartView part, bool patch) {
  const uint64_t length = part.bytes().size();
  const uint64_t offset = part.offset();
  if (length == 0 || offset > kMaxRegionBytes || length > kMaxRegionBytes - offset) return false;
  if (patch) return offset % kPageBytes + length <= kPageBytes;
  return offset % kPageBytes == 0 && length % kPageBytes == 0;
}

}  // namespace

bool ValidPart(RecordView record) {
  if (record.key_length() != 0 || (record.flags() & (kExpiry | kCompressed | kExtra))) return false;
  const size_t body = record.body().size();
  const PartView part(record);
  switch (record.kind()) {
    case Kind::kExtent:
      return body > kPartBodyBytes && ValidExtent(part, record.flags() & kPatch);
    case Kind::kHole:
      return body == kHoleBodyBytes && part.offset() < kMaxRegionBytes &&
             part.hole_length() == kMaxRegionBytes - part.offset();
    default:
      return false;
  }
}

}  // namespace memgrid::storage
