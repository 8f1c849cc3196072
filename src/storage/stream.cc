#include "storage/stream.h"

#include <algorithm>

#include "base/check.h"
#include "base/endian.h"

namespace memgrid::storage {

Stream::Stream(StreamKind kind, Shared& shared, ShardState& state, Accounts& accounts, LoopSpace& space)
    : kind_(kind),
      shared_(shared),
      state_(state),
      accounts_(accounts),
      space_(space),
      shadow_(shared.geometry.shadow),
      wblock_bytes_(static_cast<uint32_t>(shared.geometry.wblock_bytes())) {}

uint64_t Stream::room() const {
  if (wblock_ == kNoWblock) return 0;
  const uint64_t from = gathering_ || !shadow_ ? filled_ : flush_start_ + kMarkBytes;
  return from >= wblock_bytes_ ? 0 : wblock_bytes_ - from;
}

bool Stream::Fits(uint32_t length) const { return length <= room(); }

char* Stream::Append(uint32_t length, uint64_t seq) {
  // A head's command of which records lie here already is not whole yet: what is closed now does not cover it.
  const bool inside = seq == last_;
  if (gathering_ && filled_ + length - flush_start_ > kFlushBytes) Close(inside);
  if (!Fits(length)) {
    if (wblock_ != kNoWblock) Seal(inside);
    if (!Open()) return nullptr;
  }
  if (shadow_ && !gathering_) BeginFlush();
  Wblock& wblock = (*shared_.wblocks)[wblock_];
  char* at = memory_ + filled_;
  filled_ += length;
  wblock.filled = filled_;
  wblock.max_seq = std::max(wblock.max_seq, seq);
  last_ = seq;
  accounts_.OnAppend(wblock, length);
  return at;
}

bool Stream::Open() {
  const std::optional<uint32_t> taken = kind_ == StreamKind::kHead ? space_.TakeForHead() : space_.TakeForSurvivors();
  if (!taken) return false;
  wblock_ = *taken;
  memory_ = shared_.wblocks->memory(wblock_);
  number_ = next_number_++;
  filled_ = flush_start_ = flushed_ = 0;
  gathering_ = false;
  Wblock& wblock = (*shared_.wblocks)[wblock_];
  wblock.stream = kind_;
  wblock.live.store(0, std::memory_order_relaxed);
  wblock.number = number_;
  wblock.filled = wblock.durable = 0;
  wblock.incarnation = shared_.next_incarnation.fetch_add(1, std::memory_order_relaxed);
  wblock.max_seq = wblock.max_death = wblock.stated = wblock.moved_to = wblock.unlinked = 0;
  wblock.deaths = wblock.death_seq_sum = 0;
  wblock.dead = Dead{};
  wblock.tombstones = wblock.expired = 0;
  wblock.has_void = wblock.header_only = wblock.rotten = false;
  wblock.left_at = ~uint64_t{0};
  wblock.shard.store(state_.number, std::memory_order_relaxed);
  wblock.use.store(WblockUse::kOpen, std::memory_order_relaxed);
  accounts_.Adopt(wblock_);
  if (shadow_) BeginLife();
  return true;
}

void Stream::BeginLife() {
  BeginFlush();
  (*shared_.wblocks)[wblock_].filled = filled_;
  PushFlush(mark_.applied, true);
  flushes_.back().begins_life = true;
}

// Notes what lies before the mark; the rest of the mark is known when it is issued.
void Stream::BeginFlush() {
  Wblock& wblock = (*shared_.wblocks)[wblock_];
  mark_ = Mark{};
  mark_.incarnation = wblock.incarnation;
  mark_.shard = state_.number;
  mark_.stream = kind_;
  mark_.shard_epoch = state_.epoch;
  mark_.number = number_;
  mark_.prior_length = prior_length_;
  mark_.last = last_;
  mark_.clock_ms = state_.clock_ms.load(std::memory_order_relaxed);
  mark_.flushed = flushed_;
  if (kind_ == StreamKind::kHead) {
    mark_.applied = state_.applied.load(std::memory_order_relaxed);
    wblock.max_seq = std::max(wblock.max_seq, mark_.applied);
  }
  filled_ = flush_start_ + kMarkBytes;
  gathering_ = true;
}

void Stream::Close(bool inside) {
  if (!gathering_) return;
  // A command that has begun implies all before it.
  PushFlush(std::max(inside ? last_ - 1 : last_, mark_.applied), false);
}

bool Stream::CloseMark() {
  MEMGRID_DCHECK(!gathering_);
  if (room() == 0) {
    if (wblock_ != kNoWblock) Seal(false);
    return Open();
  }
  BeginFlush();
  (*shared_.wblocks)[wblock_].filled = filled_;
  PushFlush(mark_.applied, true);
  return true;
}

void Stream::PushFlush(uint64_t cover, bool mark_only) {
  const uint32_t unit = shared_.geometry.io_unit;
  Flush flush;
  flush.wblock = wblock_;
  flush.from = flush_start_;
  flush.data_end = filled_;
  flush.to = (filled_ + unit - 1) & ~(unit - 1);
  flush.mark = mark_;
  flush.cover = cover;
  flush.mark_only = mark_only;
  if (flush.to - filled_ >= 8) base::StoreLe64(memory_ + filled_, 0);
  flushes_.push_back(flush);
  closed_cover_ = std::max(closed_cover_, cover);
  flushed_ = filled_;
  flush_start_ = flush.to;
  gathering_ = false;
}

void Stream::Seal(bool inside) {
  Close(inside);
  prior_length_ = shadow_ ? flushed_ : filled_;
  const uint32_t sealed = wblock_;
  wblock_ = kNoWblock;
  accounts_.Seal(sealed);
}

}  // namespace memgrid::storage
