#include "storage/quarantine.h"

#include <algorithm>

namespace memgrid::storage {

bool Quarantine::DeviceAllows(const Wblock& wblock) const {
  if (!shared_.geometry.shadow) return true;
  if (wblock.durable < wblock.filled) return false;
  const uint64_t recorded = state_.recorded.load(std::memory_order_relaxed);
  if (wblock.max_death > recorded) return false;
  if (wblock.stream == StreamKind::kHead && wblock.max_seq > recorded) return false;
  if (survivors_->durable_end() < wblock.moved_to) return false;
  return !accounts_.IsOnlyWitness(wblock);
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
  shared_.pool.Add(wblock, /*ready=*/true);
}

const std::vector<FormerLife>& Quarantine::former() {
  std::erase_if(former_, [this](const FormerLife& life) {
    return shared_.wblocks->durable_incarnation(life.wblock).load(std::memory_order_acquire) != life.incarnation;
  });
  return former_;
}

}  // namespace memgrid::storage
