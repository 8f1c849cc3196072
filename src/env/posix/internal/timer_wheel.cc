#include "env/posix/internal/timer_wheel.h"

#include <algorithm>
#include <bit>
#include <utility>

namespace memgrid::env::internal {

TimerWheel::TimerWheel(uint64_t now_tick) : now_(now_tick), nodes_(kLists) {
  for (uint32_t list = 0; list < kLists; ++list) nodes_[list].prev = nodes_[list].next = list;
}

uint64_t TimerWheel::Set(uint64_t tick, base::Task task) {
  uint32_t node = free_;
  if (node == kNone) {
    node = static_cast<uint32_t>(nodes_.size());
    nodes_.emplace_back();
  } else {
    free_ = nodes_[node].next;
  }
  nodes_[node].tick = std::max(tick, now_ + 1);
  nodes_[node].task = std::move(task);
  Append(ListFor(nodes_[node].tick), node);
  return uint64_t{nodes_[node].life} << 32 | node;
}

void TimerWheel::Cancel(uint64_t id) {
  const auto node = static_cast<uint32_t>(id);
  if (node < kLists || node >= nodes_.size() || nodes_[node].life != id >> 32) return;
  // Destroyed last: what the task holds may set and cancel timers as it goes.
  const base::Task task = Release(node);
}

void TimerWheel::Clear() {
  for (uint32_t list = 0; list < kLists; ++list) {
    while (nodes_[list].next != list) const base::Task task = Release(nodes_[list].next);
  }
}

void TimerWheel::Advance(uint64_t tick) {
  while (now_ < tick) {
    now_ = std::min(NextTick(), tick);
    // Coarse wheels first: what they drop may belong to the slot that a finer one drops next.
    for (uint32_t level = kLevels; level-- > 0;) {
      const uint32_t shift = level * kSlotBits;
      if ((now_ & ((uint64_t{1} << shift) - 1)) != 0) continue;
      Cascade(level * kSlots + static_cast<uint32_t>((now_ >> shift) % kSlots));
    }
  }
}

bool TimerWheel::TakeDue(base::Task* task) {
  if (!has_due()) return false;
  *task = Release(nodes_[kDueList].next);
  return true;
}

uint64_t TimerWheel::NextTick() const {
  uint64_t next = kNever;
  for (uint32_t level = 0; level < kLevels; ++level) {
    const uint64_t position = now_ >> (level * kSlotBits);
    const uint32_t distance = NextOccupied(level, static_cast<uint32_t>(position % kSlots));
    if (distance != 0) next = std::min(next, (position + distance) << (level * kSlotBits));
  }
  return next;
}

uint32_t TimerWheel::ListFor(uint64_t tick) const {
  if (tick <= now_) return kDueList;
  for (uint32_t level = 0; level < kLevels; ++level) {
    const uint32_t shift = level * kSlotBits;
    if (tick - now_ < uint64_t{1} << (shift + kSlotBits)) {
      return level * kSlots + static_cast<uint32_t>((tick >> shift) % kSlots);
    }
  }
  // Farther than the coarsest wheel reaches (49 days): its last slot, to be looked at again then.
  const uint32_t shift = (kLevels - 1) * kSlotBits;
  return (kLevels - 1) * kSlots + static_cast<uint32_t>(((now_ >> shift) + kSlots - 1) % kSlots);
}

void TimerWheel::Append(uint32_t list, uint32_t node) {
  Node& head = nodes_[list];
  nodes_[node].prev = head.prev;
  nodes_[node].next = list;
  nodes_[head.prev].next = node;
  head.prev = node;
  if (list < kDueList) {
    occupied_[list / kSlots][list % kSlots / 64] |= uint64_t{1} << (list % 64);
  }
}

void TimerWheel::Unlink(uint32_t node) {
  const uint32_t prev = nodes_[node].prev, next = nodes_[node].next;
  nodes_[prev].next = next;
  nodes_[next].prev = prev;
  if (prev == next && prev < kDueList) {  // only the list's head is left
    occupied_[prev / kSlots][prev % kSlots / 64] &= ~(uint64_t{1} << (prev % 64));
  }
}

base::Task TimerWheel::Release(uint32_t node) {
  Unlink(node);
  base::Task task = std::move(nodes_[node].task);
  nodes_[node].task = nullptr;
  ++nodes_[node].life;
  nodes_[node].next = free_;
  free_ = node;
  return task;
}

uint32_t TimerWheel::NextOccupied(uint32_t level, uint32_t from) const {
  constexpr uint32_t kWords = kSlots / 64;
  for (uint32_t step = 0; step <= kWords; ++step) {
    const uint32_t word = (from / 64 + step) % kWords;
    uint64_t bits = occupied_[level][word];
    const uint32_t bit = from % 64;
    const uint64_t up_to_from = (uint64_t{2} << bit) - 1;  // all ones for bit 63
    if (step == 0) bits &= ~up_to_from;
    if (step == kWords) bits &= up_to_from;
    if (bits == 0) continue;
    const uint32_t slot = word * 64 + static_cast<uint32_t>(std::countr_zero(bits));
    const uint32_t distance = (slot - from) % kSlots;
    return distance == 0 ? kSlots : distance;
  }
  return 0;
}

void TimerWheel::Cascade(uint32_t list) {
  for (uint32_t node = nodes_[list].next; node != list;) {
    const uint32_t next = nodes_[node].next;
    Unlink(node);
    Append(ListFor(nodes_[node].tick), node);
    node = next;
  }
}

}  // namespace memgrid::env::internal
