#include "storage/recovery/wblock_scan.h"

#include <algorithm>

#include "storage/record_codec.h"

namespace memgrid::storage {
namespace {

class Scanner {
 public:
  Scanner(const char* memory, uint32_t size, MarkPlace place, uint32_t unit)
      : memory_(memory), size_(size), place_(place), unit_(unit) {}

  WblockScan Run() {
    if (!TakeMark(0)) return scan_;
    scan_.used = true;
    uint64_t seq = 0;
    const bool head = scan_.first().stream == StreamKind::kHead;
    while (true) {
      const RecordCheck check = CheckRecord(memory_ + at_, size_ - at_, scan_.first().incarnation, at_);
      const RecordView record(memory_ + at_);
      if (check == RecordCheck::kGood && (!head || record.seq() >= seq)) {
        seq = record.seq();
        at_ += static_cast<uint32_t>(record.length());
        end_of_good_ = at_;
        continue;
      }
      if (Continues()) continue;
      if (!Skip(check)) break;
    }
    scan_.end = end_of_good_;
    return scan_;
  }

 private:
  uint32_t NextUnit(uint32_t from) const { return (from + unit_ - 1) & ~(unit_ - 1); }

  bool TakeMark(uint32_t offset) {
    if (uint64_t{offset} + kMarkBytes > size_) return false;
    place_.offset = offset;
    const std::optional<Mark> mark = ReadMark(memory_ + offset, place_);
    if (!mark || (!scan_.marks.empty() && mark->incarnation != scan_.first().incarnation)) return false;
    scan_.marks.push_back({offset, *mark});
    at_ = end_of_good_ = offset + kMarkBytes;
    return true;
  }

  // A flush ended here and the next one follows at the next unit.
  bool Continues() {
    const uint32_t from = at_;
    if (!TakeMark(NextUnit(from))) return false;
    if (scan_.marks.back().mark.flushed == from) return true;
    scan_.marks.pop_back();
    at_ = end_of_good_ = from;
    return false;
  }

  // Goes past what does not pass: by its length if its header can be trusted, else to the next mark. False if nothing
  // follows.
  bool Skip(RecordCheck check) {
    const uint32_t from = at_;
    const uint32_t good = end_of_good_;
    if (check == RecordCheck::kBadBody) {
      at_ += static_cast<uint32_t>(RecordView(memory_ + from).length());
      scan_.faults.push_back({from, at_, true});
      end_of_good_ = at_;
      return at_ < size_;
    }
    for (uint32_t at = NextUnit(from + 1); uint64_t{at} + kMarkBytes <= size_; at += unit_) {
      if (!TakeMark(at)) continue;
      scan_.faults.push_back({from, at, false});
      return true;
    }
    at_ = from;
    end_of_good_ = good;
    return false;
  }

  const char* const memory_;
  const uint32_t size_;
  MarkPlace place_;
  const uint32_t unit_;
  uint32_t at_ = 0;
  uint32_t end_of_good_ = 0;
  WblockScan scan_;
};

}  // namespace

uint32_t WblockScan::claimed() const {
  uint32_t most = 0;
  for (const ScannedMark& each : marks) most = std::max(most, each.mark.durable);
  return most;
}

uint32_t WblockScan::CutAtFault(size_t fault) {
  const uint32_t from = faults[fault].from;
  const uint32_t lost = end > from ? end - from : 0;
  end = from;
  faults.resize(fault);
  while (!marks.empty() && marks.back().offset >= from) marks.pop_back();
  return lost;
}

WblockScan ScanWblock(const char* memory, uint32_t size, MarkPlace place, uint32_t io_unit) {
  WblockScan scan = Scanner(memory, size, place, io_unit).Run();
  scan.checked_bytes = scan.end;
  return scan;
}

ScanWalk::Step ScanWalk::Next() {
  const bool mark_here = next_mark_ < scan_.marks.size() && (next_ == 0 || scan_.marks[next_mark_].mark.flushed == next_ ||
                                                            scan_.marks[next_mark_].offset == next_);
  if (mark_here) {
    at_ = scan_.marks[next_mark_++].offset;
    next_ = at_ + kMarkBytes;
    return Step::kMark;
  }
  if (next_fault_ < scan_.faults.size() && scan_.faults[next_fault_].from == next_) {
    at_ = next_;
    next_ = scan_.faults[next_fault_++].resume;
    return Step::kFault;
  }
  if (next_ >= scan_.end) return Step::kEnd;
  at_ = next_;
  next_ += static_cast<uint32_t>(RecordView(memory_ + at_).length());
  return Step::kRecord;
}

}  // namespace memgrid::storage
