#include "storage/quarantine.h"

#include <algorithm>

#include "storage/reclaim.h"

namespace memgrid::storage {

bool Quarantine::DeviceAllows(const Wblock& wblock) const {
  if (!shared_.geometry.shadow) return true;
  ReuseFacts facts;
  facts.persisted = state_.persisted.load(std::memory_order_relaxed);
  facts.recorded = state_.recorded.load(std::memory_order_relaxed);
  facts.survivors_durable = survivors_->durable_end();
  facts.only_witness = accounts_.IsOnlyWitness(wblock);
  return MayReuse(wblock, facts, shared_.weakened);
}

bool Quarantine::ReadersAllow(uint32_t wblock, uint64_t* now) {
  Wblock& state = (*shared_.wblocks)[wblock];
  if (state.unlinked == 0) {
    if (*now == 0) *now = shared_.qsbr.Now();
    state.unlinked = *now;
  }
  // In this order: a pin may be taken until the turn ends in which the bytes were still linked.
  if (!shared_.qsbr.Passed(state.unlinked)) return false;
  if (shared_.wblocks->pins(wblock).load(std::memory_order_acquire) == 0) return true;
  shared_.wblocks->wanted(wblock).store(true, std::memory_order_relaxed);
  return false;
}

bool Quarantine::Run() {
  if (!shared_.serving.load(std::memory_order_acquire)) return !accounts_.quarantine().empty();
  auto& waiting = accounts_.quarantine();
  if (waiting.empty()) return false;
  bool readers = false;
  bool device = false;
  uint64_t now = 0;
  size_t kept = 0;
  for (size_t i = 0; i < waiting.size(); ++i) {
    const uint32_t wblock = waiting[i];
    const bool readers_allow = ReadersAllow(wblock, &now);
    const bool device_allows = DeviceAllows((*shared_.wblocks)[wblock]);
    if (readers_allow && device_allows) {
      Free(wblock);
      continue;
    }
    readers |= !readers_allow && device_allows;
    device |= !device_allows;
    waiting[kept++] = wblock;
  }
  waiting.resize(kept);
  if (device && flusher_ != nullptr) {
    flusher_->WantRecorded();
    flusher_->FlushSurvivors();
  }
  return readers;
}

void Quarantine::Free(uint32_t wblock) {
  Wblock& state = (*shared_.wblocks)[wblock];
  accounts_.Release(wblock);
  if (shared_.geometry.shadow) former_.push_back({wblock, state.incarnation, state.dead});
  shared_.wblocks->wanted(wblock).store(false, std::memory_order_relaxed);
  // As long as void records can be parsed, recovery must be told that they are void. And a life is only begun where the
  // one before it cannot be taken for something else.
  const bool begun = shared_.wblocks->durable_incarnation(wblock).load(std::memory_order_relaxed) == state.incarnation;
  if (shared_.geometry.shadow && (state.has_void || state.header_only || !begun)) {
    free_marks_.Write(wblock, /*second_first=*/state.header_only || !begun);
  } else {
    shared_.pool.Add(wblock, /*ready=*/true);
  }
}

void Quarantine::Forget(uint64_t seq, size_t limit) {
  for (const FormerLife& life : former()) {
    if (limit == 0) return;
    if (life.dead.buckets == 0 || life.dead.min_seq >= seq || !shared_.pool.TakeThis(life.wblock)) continue;
    free_marks_.Write(life.wblock, /*second_first=*/false);
    --limit;
  }
}

const std::vector<FormerLife>& Quarantine::former() {
  std::erase_if(former_, [this](const FormerLife& life) {
    return shared_.wblocks->durable_incarnation(life.wblock).load(std::memory_order_acquire) != life.incarnation;
  });
  return former_;
}

}  // namespace memgrid::storage
