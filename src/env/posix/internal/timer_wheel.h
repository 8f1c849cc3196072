// Timers of one loop: setting and cancelling cost the same whatever their number.
//
// Four wheels of 256 slots turn at 1, 2^8, 2^16 and 2^24 ticks a step. A timer waits in the wheel
// whose step is the largest that its distance fills and drops to finer wheels as its time comes
// nearer; a bitmap of occupied slots lets idle time be skipped in one step.
//
// Threads: one.

#pragma once

#include <cstdint>
#include <vector>

#include "base/task.h"

namespace memgrid::env::internal {

class TimerWheel {
 public:
  static constexpr uint64_t kNever = ~uint64_t{0};

  explicit TimerWheel(uint64_t now_tick);

  // Never 0. Falls due at `tick`, or at the next one if that is past. Allocates only when more
  // timers are set than ever before, and for what `task` holds.
  uint64_t Set(uint64_t tick, base::Task task);
  // Destroys the task at once; nothing happens if it has been taken or the id is unknown.
  void Cancel(uint64_t id);

  // Destroys all tasks.
  void Clear();

  // Moves time on to `tick`; what falls due then waits for TakeDue.
  void Advance(uint64_t tick);
  // Moves the next due task to `task`; false if there is none.
  bool TakeDue(base::Task* task);

  bool has_due() const { return nodes_[kDueList].next != kDueList; }
  // No timer falls due before this tick; kNever without timers. May be earlier than the first.
  uint64_t NextTick() const;

 private:
  static constexpr uint32_t kLevels = 4, kSlotBits = 8, kSlots = 1 << kSlotBits;
  static constexpr uint32_t kDueList = kLevels * kSlots;  // lists are the first nodes
  static constexpr uint32_t kLists = kDueList + 1;
  static constexpr uint32_t kNone = ~uint32_t{0};

  struct Node {
    uint32_t prev, next;
    uint32_t life = 1;  // makes ids of former users of this node unknown
    uint64_t tick = 0;
    base::Task task;
  };

  uint32_t ListFor(uint64_t tick) const;
  void Append(uint32_t list, uint32_t node);
  void Unlink(uint32_t node);
  base::Task Release(uint32_t node);
  // Distance in slots, 1..256, from `from` to the next occupied slot of a wheel; 0 if it is empty.
  uint32_t NextOccupied(uint32_t level, uint32_t from) const;
  void Cascade(uint32_t list);

  uint64_t now_;
  uint32_t free_ = kNone;
  std::vector<Node> nodes_;
  uint64_t occupied_[kLevels][kSlots / 64] = {};
};

}  // namespace memgrid::env::internal
