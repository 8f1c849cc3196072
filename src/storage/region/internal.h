// Shared by the files that make up Region.

#pragma once

#include "storage/region/region.h"

namespace memgrid::storage {

// Entries that a shrink releases before it returns; the rest waits for Sweep.
inline constexpr size_t kSweepAtOnce = 4096;

inline constexpr size_t kZeroBytes = 64u << 10;
extern const char kZeros[kZeroBytes];  // what was never written

// Bytes of an extent or patch.
inline size_t PartRecordBytes(const PartRecord& part) {
  size_t sum = 0;
  for (std::string_view bytes : part.bytes) sum += bytes.size();
  return sum;
}

// Writes bytes [begin, end) of a patched page to `to`. `count`: patches that are looked at.
void Assemble(const Overlay& overlay, uint32_t count, size_t begin, size_t end, char* to);

// Reports deaths by `by`; neighbouring bytes of one record as one. Null sink: to nobody.
class Region::Deaths {
 public:
  Deaths(DeathSink* sink, uint64_t by) : sink_(sink), by_(by) {}
  ~Deaths() { Report(); }
  Deaths(const Deaths&) = delete;
  Deaths& operator=(const Deaths&) = delete;

  // `page` is of form kPage.
  void AddPage(PageEntry page) {
    Add(page.record(), kPageBytes + (page.place() == 0 ? kPartHeaderBytes : 0));
  }
  void AddWhole(const char* record) {
    if (sink_ != nullptr) Add(record, RecordView(record).length());
  }

 private:
  void Add(const char* record, size_t bytes) {
    if (record != record_) Report();
    record_ = record;
    bytes_ += bytes;
  }
  void Report() {
    if (sink_ != nullptr && record_ != nullptr) sink_->OnDeath(record_, bytes_, by_);
    bytes_ = 0;
  }

  DeathSink* const sink_;
  const uint64_t by_;
  const char* record_ = nullptr;
  size_t bytes_ = 0;
};

}  // namespace memgrid::storage
