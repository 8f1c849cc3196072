#include "storage/loop_space.h"

namespace memgrid::storage {

bool LoopSpace::Prepare(Purpose purpose, uint32_t count) {
  while (ready_.size() < count) {
    const std::optional<uint32_t> wblock = pool_.Take(purpose);
    if (!wblock) return false;
    ready_.push_back(*wblock);
  }
  return true;
}

std::optional<uint32_t> LoopSpace::TakeForHead() {
  if (ready_.empty()) return pool_.Take(Purpose::kDelete);
  const uint32_t wblock = ready_.back();
  ready_.pop_back();
  return wblock;
}

}  // namespace memgrid::storage
