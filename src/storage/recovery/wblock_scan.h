// What lies in one wblock as it was read from the device: where its records end, its marks, and what is damaged.
//
// Bytes are parsed from the mark at 0. A record counts if its checksum passes for this life and place; a flush continues
// the one before if its mark says that it ends where the parsing stands. At the first failure the marks behind it tell
// whether bytes were lost there: what a mark claims as durable and does not pass is rot, what nobody claims is a torn tail.

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "storage/mark.h"
#include "storage/record.h"

namespace memgrid::storage {

// Bytes that do not pass.
struct Fault {
  enum Kind : uint8_t {
    kRecord,   // a record whose header and key can be trusted lies at `from`
    kMark,     // the mark of a flush, whose records are there
    kUnknown,  // anything may have been lost
  };
  uint32_t from = 0;    // where parsing failed
  uint32_t resume = 0;  // where it goes on, if the fault is rot
  Kind kind = kUnknown;
};

struct ScannedMark {
  uint32_t offset = 0;
  Mark mark;
};

struct WblockScan {
  bool used = false;               // there is a mark
  bool header_lost = false;        // but not at 0: the second one stands in for it
  bool first_lost = false;         // nor is there the second: which life this is, is a guess, and what is found must not be served
  uint32_t end = 0;                // of what can be parsed, faults skipped
  std::vector<ScannedMark> marks;  // by offset; the first is at 0
  std::vector<Fault> faults;       // by offset
  uint64_t checked_bytes = 0;

  const Mark& first() const { return marks.front().mark; }
  // Greatest length that one of its own marks claims as durable.
  uint32_t claimed() const;
  // False: should the mark at 0 be lost, a former life would be found.
  bool HasSecondMark(uint32_t io_unit) const;
  // Forgets everything from the fault on: it was a torn tail. Returns how many bytes that could be parsed are lost.
  uint32_t CutAtFault(size_t fault);
};

// The mark that tells whose the wblock is: at 0, or if that does not pass the newest one behind it. Nothing if there is none.
// `from` io_unit: what it would be without the mark at 0.
std::optional<Mark> FindIdentity(const char* memory, uint32_t size, MarkPlace place, uint32_t io_unit,
                                 uint32_t from = 0);

// Scans `size` bytes at `memory`, which lie at offset 0 of the place given (its `offset` is not looked at). Never reads
// beyond, whatever the bytes are.
WblockScan ScanWblock(const char* memory, uint32_t size, MarkPlace place, uint32_t io_unit);

// Goes over the parsed records in order: Next gives their offsets.
class ScanWalk {
 public:
  enum class Step : uint8_t { kRecord, kMark, kFault, kEnd };

  ScanWalk(const char* memory, const WblockScan& scan) : memory_(memory), scan_(scan) {}

  // What comes next; for kRecord and kFault `offset()` is its place, for kMark `mark()` the mark.
  Step Next();
  uint32_t offset() const { return at_; }
  RecordView record() const { return RecordView(memory_ + at_); }
  const Mark& mark() const { return scan_.marks[next_mark_ - 1].mark; }
  const Fault& fault() const { return scan_.faults[next_fault_ - 1]; }

 private:
  const char* const memory_;
  const WblockScan& scan_;
  uint32_t at_ = 0;
  uint32_t next_ = 0;
  size_t next_mark_ = 0;
  size_t next_fault_ = 0;
};

}  // namespace memgrid::storage
