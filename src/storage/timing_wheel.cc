#include "storage/timing_wheel.h"

#include <algorithm>
#include <bit>
#include <utility>

namespace memgrid::storage {

// The last slot of the highest level is kept free, so that the one that is being emptied is never the one that is filled.
constexpr uint64_t kHorizon = (uint64_t{1} << 32) - (uint64_t{1} << 24);

void TimingWheel::Add(uint64_t deadline_ms, uint64_t tag) {
  if (deadline_ms <= now_) {
    due_.push_back(tag);
    return;
  }
  ++size_;
  Place({tag, static_cast<uint32_t>(std::min(deadline_ms, now_ + kHorizon - 1))});
}

uint64_t TimingWheel::Full(uint32_t deadline) const { return now_ + static_cast<uint32_t>(deadline - static_cast<uint32_t>(now_)); }

// Precondition: the deadline is after now.
void TimingWheel::Place(const Entry& entry) {
  const uint64_t deadline = Full(entry.deadline);
  int level = 0;
  // The lowest level whose present turn still has the slot ahead.
  while (level < kLevels - 1 && (deadline >> (kBits * (level + 1))) != (now_ >> (kBits * (level + 1)))) ++level;
  const uint64_t slot = (deadline >> (kBits * level)) % kSlots;
  levels_[level].slots[slot].push_back(entry);
  levels_[level].used[slot / 64] |= uint64_t{1} << (slot % 64);
}

uint64_t TimingWheel::NextOf(int level) const {
  const Level& at = levels_[level];
  const uint64_t current = now_ >> (kBits * level);
  for (uint64_t ahead = 1; ahead <= kSlots;) {
    const uint64_t slot = (current + ahead) % kSlots;
    const uint64_t word = at.used[slot / 64] >> (slot % 64);
    if (word != 0) {
      ahead += static_cast<uint64_t>(std::countr_zero(word));
      return ahead > kSlots ? ~uint64_t{0} : (current + ahead) << (kBits * level);
    }
    ahead += 64 - slot % 64;
  }
  return ~uint64_t{0};
}

uint64_t TimingWheel::Next() const {
  if (!due_.empty()) return now_;
  if (size_ == 0) return ~uint64_t{0};
  uint64_t next = ~uint64_t{0};
  for (int level = 0; level < kLevels; ++level) next = std::min(next, NextOf(level));
  return next;
}

void TimingWheel::Advance(uint64_t now_ms) {
  while (now_ < now_ms) {
    uint64_t next = ~uint64_t{0};
    if (size_ != 0) {
      for (int level = 0; level < kLevels; ++level) next = std::min(next, NextOf(level));
    }
    now_ = std::min(next, now_ms);
    if (next > now_ms) return;
    for (int level = kLevels - 1; level >= 0; --level) {
      if (now_ % (uint64_t{1} << (kBits * level)) != 0) continue;
      const uint64_t slot = (now_ >> (kBits * level)) % kSlots;
      levels_[level].used[slot / 64] &= ~(uint64_t{1} << (slot % 64));
      for (const Entry& entry : std::exchange(levels_[level].slots[slot], {})) {
        if (entry.deadline == static_cast<uint32_t>(now_)) {
          due_.push_back(entry.tag());
          --size_;
        } else {
          Place(entry);
        }
      }
    }
  }
}

bool TimingWheel::Pop(uint64_t* tag) {
  if (due_.empty()) return false;
  *tag = due_.back();
  due_.pop_back();
  return true;
}

size_t TimingWheel::memory_bytes() const {
  size_t bytes = due_.capacity() * sizeof(uint64_t);
  for (const Level& level : levels_) {
    for (const auto& slot : level.slots) bytes += slot.capacity() * sizeof(Entry);
  }
  return bytes + sizeof(*this);
}

}  // namespace memgrid::storage
