// Records in plain memory, for tests and benchmarks of the index.

#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "base/copy.h"
#include "base/endian.h"
#include "storage/index/slot.h"

namespace memgrid::storage {

// Writes record headers and names (no checksums: the index does not read them) one behind the other; never frees.
class Records {
 public:
  RecordView Add(const RootName& name, Kind kind = Kind::kValue) {
    const size_t bytes = (kRecordHeaderBytes + name.name.size() + 7) / 8 * 8;
    if (used_ + bytes > kBlock || blocks_.empty()) {
      blocks_.push_back(std::make_unique<uint64_t[]>(kBlock / 8));
      used_ = 0;
    }
    char* at = reinterpret_cast<char*>(blocks_.back().get()) + used_;
    used_ += bytes;
    const uint64_t pad = bytes - kRecordHeaderBytes - name.name.size();
    base::StoreLe32(at + 4, static_cast<uint32_t>(bytes / 8) | static_cast<uint32_t>(kind) << 20);
    base::StoreLe64(at + 8, ++seq_ | pad << 56 | static_cast<uint64_t>(name.space) << 59);
    base::StoreLe32(at + 16, name.ns);
    base::StoreLe16(at + 20, static_cast<uint16_t>(name.name.size()));
    base::CopyBytes(at + kRecordHeaderBytes, name.name);
    return RecordView(at);
  }

  Slot Value(const RootName& name) { return Slot(Form::kValue, Add(name).address()); }
  Slot Tombstone(const RootName& name) { return Slot(Form::kTombstone, Add(name, Kind::kTombstone).address()); }
  Slot InNode(const RootName& name) {
    nodes_.emplace_back().record.store(Add(name, Kind::kValueRoot).address());
    return Slot(Form::kNode, &nodes_.back());
  }

 private:
  static constexpr size_t kBlock = 1 << 20;
  std::vector<std::unique_ptr<uint64_t[]>> blocks_;
  std::deque<Node> nodes_;
  size_t used_ = 0;
  uint64_t seq_ = 0;
};

}  // namespace memgrid::storage
