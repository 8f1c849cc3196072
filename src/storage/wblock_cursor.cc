#include "storage/wblock_cursor.h"

#include "base/endian.h"
#include "storage/mark.h"

namespace memgrid::storage {

WblockCursor::WblockCursor(const Shared& shared, uint32_t wblock)
    : shared_(&shared), wblock_(wblock), memory_(shared.wblocks->memory(wblock)) {}

// Where a flush ends its writer leaves zeros, and the next one begins with a mark at the next boundary of the I/O unit.
bool WblockCursor::SkipMark() {
  const Geometry& geometry = shared_->geometry;
  const Wblocks& wblocks = *shared_->wblocks;
  const uint32_t at = (next_ + geometry.io_unit - 1) / geometry.io_unit * geometry.io_unit;
  if (!geometry.shadow || uint64_t{at} + kMarkBytes > geometry.wblock_bytes()) return false;
  if (at != next_ && base::LoadLe64(memory_ + next_) != 0) return false;
  const MarkPlace place{shared_->set, wblocks.stripe(wblock_), wblocks.in_stripe(wblock_), at};
  const std::optional<Mark> mark = ReadMark(memory_ + at, place);
  if (!mark || mark->incarnation != wblocks[wblock_].incarnation || mark->flushed != next_) return false;
  next_ = at + kMarkBytes;
  return true;
}

WblockCursor::Step WblockCursor::Next() {
  const uint32_t filled = (*shared_->wblocks)[wblock_].filled;
  while (next_ < filled) {
    if (SkipMark()) continue;
    const uint32_t left = filled - next_;
    at_ = next_;
    if (left < kRecordHeaderBytes || record().length() < kRecordHeaderBytes || record().length() > left) return Step::kRotten;
    next_ += static_cast<uint32_t>(record().length());
    return Step::kRecord;
  }
  return Step::kEnd;
}

bool WblockCursor::IsWhole() const {
  const Wblock& wblock = (*shared_->wblocks)[wblock_];
  return CheckRecord(memory_ + at_, wblock.filled - at_, wblock.incarnation, at_) == RecordCheck::kGood;
}

}  // namespace memgrid::storage
