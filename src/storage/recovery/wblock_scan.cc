#include "storage/recovery/wblock_scan.h"

#include <algorithm>

#include "base/endian.h"
#include "storage/record_codec.h"

namespace memgrid::storage {
namespace {

class Scanner {
 public:
  Scanner(const char* memory, uint32_t size, MarkPlace place, uint32_t unit)
      : memory_(memory), size_(size), place_(place), unit_(unit) {}

  WblockScan Run() {
    if (!TakeMark(0) && !TakeIdentity()) return scan_;
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

  // Stands in for the mark at 0 what a later one says of the same life.
  bool TakeIdentity() {
    const std::optional<Mark> later = FindIdentity(memory_, size_, place_, unit_);
    if (!later) return false;
    place_.offset = unit_;
    const std::optional<Mark> second = ReadMark(memory_ + unit_, place_);
    // The first unit of a life holds no records, and no other life comes back while its second mark is there.
    scan_.header_lost = second.has_value();
    scan_.first_lost = !scan_.header_lost;
    Mark mark = second ? *second : *later;
    mark.persisted = mark.applied = mark.durable = mark.flushed = 0;
    if (scan_.first_lost) mark.last = ~uint64_t{0};
    mark.earlier_durable = false;
    scan_.marks.push_back({0, mark});
    at_ = end_of_good_ = kMarkBytes;
    return true;
  }

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

  // Goes past what does not pass: by its length if its header can be trusted, to the records behind a lost mark, else to the
  // next mark. False if nothing follows.
  bool Skip(RecordCheck check) {
    const uint32_t from = at_;
    if (check == RecordCheck::kBadBody) {
      return GoOn({from, from + static_cast<uint32_t>(RecordView(memory_ + from).length()), Fault::kRecord});
    }
    if (OnlyMarkIsLost(from)) return GoOn({from, NextUnit(from) + kMarkBytes, Fault::kMark});
    for (uint32_t at = NextUnit(from + 1); uint64_t{at} + kMarkBytes <= size_; at += unit_) {
      if (!TakeMark(at)) continue;
      scan_.faults.push_back({from, at, Fault::kUnknown});
      return true;
    }
    return false;
  }

  // A flush ends here, with the zeros that the writer puts there, and good records lie behind the place of the next mark.
  bool OnlyMarkIsLost(uint32_t from) {
    const uint32_t next = NextUnit(from);
    const uint32_t behind = next + kMarkBytes;
    if (behind >= size_ || (from != next && base::LoadLe64(memory_ + from) != 0)) return false;
    place_.offset = next;
    if (ReadMark(memory_ + next, place_)) return false;  // it is there, and says that more lies before it
    return CheckRecord(memory_ + behind, size_ - behind, scan_.first().incarnation, behind) == RecordCheck::kGood;
  }

  bool GoOn(const Fault& fault) {
    scan_.faults.push_back(fault);
    at_ = end_of_good_ = fault.resume;
    return at_ < size_;
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

std::optional<Mark> FindIdentity(const char* memory, uint32_t size, MarkPlace place, uint32_t io_unit, uint32_t from) {
  std::optional<Mark> newest;
  for (uint32_t at = from; uint64_t{at} + kMarkBytes <= size; at += io_unit) {
    place.offset = at;
    const std::optional<Mark> mark = ReadMark(memory + at, place);
    if (!mark) continue;
    if (at == 0) return mark;
    if (!newest || mark->incarnation > newest->incarnation) newest = mark;
  }
  return newest;
}

bool WblockScan::HasSecondMark(uint32_t io_unit) const {
  return std::any_of(marks.begin(), marks.end(), [io_unit](const ScannedMark& each) { return each.offset == io_unit; });
}

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
  while (marks.size() > 1 && marks.back().offset >= from) marks.pop_back();
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
