// Records of regions' parts in plain memory, for tests and benchmarks of Region: what a stream
// appends, without streams. No checksums.

#pragma once

#include <cstring>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "base/endian.h"
#include "storage/region/region.h"

namespace memgrid::storage::testing {

class PartArena {
 public:
  explicit PartArena(uint64_t region_id) : region_id_(region_id) {}

  // Appends `part` as a record of command `seq`. Records stay until the arena goes.
  const char* Append(const PartRecord& part, uint64_t seq) {
    std::string body(kPartBodyBytes, '\0');
    base::StoreLe64(body.data(), region_id_);
    base::StoreLe64(body.data() + 8, part.offset);
    if (part.kind == Kind::kHole) {
      body.append(8, '\0');
      base::StoreLe64(body.data() + 16, part.hole_length);
    }
    for (std::string_view bytes : part.bytes) body.append(bytes);
    return AppendBody(part.kind, part.flags, seq, body);
  }

  // Bytes [offset, offset + bytes.size()) of the extent at `record`, as defrag copies a run.
  const char* AppendRun(RecordView record, uint64_t offset, std::string_view bytes) {
    PartRecord part;
    part.kind = record.kind();
    part.flags = record.flags();
    part.offset = offset;
    if (part.kind == Kind::kHole) part.hole_length = PartView(record).hole_length();
    part.bytes.push_back(bytes);
    return Append(part, record.seq());
  }

 private:
  const char* AppendBody(Kind kind, uint8_t flags, uint64_t seq, std::string_view body) {
    const size_t length = (kRecordHeaderBytes + body.size() + 7) & ~size_t{7};
    const size_t pad = length - kRecordHeaderBytes - body.size();
    MEMGRID_CHECK(length / 8 < 1u << 20, "a record of ", length, " bytes");
    auto memory = std::make_unique<uint64_t[]>(length / 8);  // aligned to 8
    char* const at = reinterpret_cast<char*>(memory.get());
    base::StoreLe32(at + 4, static_cast<uint32_t>(length / 8 | static_cast<uint32_t>(kind) << 20 |
                                                  static_cast<uint32_t>(flags) << 25));
    base::StoreLe64(at + 8, seq | uint64_t{pad} << 56);
    std::memcpy(at + kRecordHeaderBytes, body.data(), body.size());
    records_.push_back(std::move(memory));
    return at;
  }

  const uint64_t region_id_;
  std::vector<std::unique_ptr<uint64_t[]>> records_;
};

}  // namespace memgrid::storage::testing
