// The records of a wblock in memory, one after the other.

#pragma once

#include <cstdint>

#include "storage/record_codec.h"
#include "storage/shared.h"

namespace memgrid::storage {

// Steps over marks and the padding between flushes. The wblock is sealed and its memory stays as it is. Records are given
// out unchecked but for their length: what is to be kept is checked by IsWhole.
class WblockCursor {
 public:
  WblockCursor(const Shared& shared, uint32_t wblock);

  enum class Step : uint8_t {
    kRecord,  // record() lies in the wblock
    kRotten,  // what lies here is no record; nothing behind it can be found
    kEnd,
  };
  Step Next();

  // The record is what was written.
  bool IsWhole() const;

  RecordView record() const { return RecordView(memory_ + at_); }
  uint32_t wblock() const { return wblock_; }

 private:
  bool SkipMark();

  const Shared* shared_;
  uint32_t wblock_;
  const char* memory_;
  uint32_t at_ = 0;    // of the record given out last
  uint32_t next_ = 0;  // behind it
};

}  // namespace memgrid::storage
