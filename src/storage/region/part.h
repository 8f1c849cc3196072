// The records that make a region's bytes: extents (whole pages), patches (a part of one page) and
// holes. Bodies (docs/formats/shadow.md): region id u64, first byte offset u64, then the bytes, or
// of a hole its length u64: up to the greatest size there is, since only shrinks make holes. Parts
// have no key and no expiry, so that the bytes of an extent begin at a fixed distance from the
// record and are aligned to 8.

#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/endian.h"
#include "storage/record.h"

namespace memgrid::storage {

inline constexpr uint64_t kPageBytes = 4096;
inline constexpr uint64_t kMaxRegionBytes = uint64_t{1} << 62;
inline constexpr size_t kPartBodyBytes = 16;  // before an extent's bytes
inline constexpr size_t kPartHeaderBytes = kRecordHeaderBytes + kPartBodyBytes;
inline constexpr size_t kHoleBodyBytes = 24;

// Length of the record of a part whose bytes (for a hole: 8) are `bytes` long.
constexpr size_t PartLength(size_t bytes) { return (kPartHeaderBytes + bytes + 7) & ~size_t{7}; }

// Reads a record that passed ValidPart. A view, like RecordView.
class PartView {
 public:
  explicit PartView(RecordView record) : body_(record.body()) {}

  uint64_t region() const { return base::LoadLe64(body_.data()); }
  uint64_t offset() const { return base::LoadLe64(body_.data() + 8); }
  std::string_view bytes() const { return body_.substr(kPartBodyBytes); }  // not of a hole
  uint64_t hole_length() const { return base::LoadLe64(body_.data() + 16); }

 private:
  std::string_view body_;
};

// True for an extent or hole whose sizes make sense: nothing about it needs to be checked again.
// `record` has passed its CRC.
bool ValidPart(RecordView record);

}  // namespace memgrid::storage
