// Deadlines of one shard, in milliseconds of its logged clock.
//
// Four levels of 256 slots: a slot of level n spans 256^n ms. An entry sinks a level each time the
// wheel reaches its slot, and is due when it falls out of level 0. Entries are hints, 12 bytes
// each: a rewritten or removed deadline is not searched for; who takes a due entry looks at the
// record behind it.
//
// Threads: the owner of the shard.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace memgrid::storage {

class TimingWheel {
 public:
  // Time starts at 0; nothing is due.
  TimingWheel() = default;

  // `tag` comes back when `deadline_ms` is reached, or sooner by a wheel's turn (49 days ahead at
  // most are told apart: it is then added again by its taker). At once if the deadline has passed.
  void Add(uint64_t deadline_ms, uint64_t tag);

  // Moves time to `now_ms`; never back. Costs what becomes due and what sinks, not the time that
  // passed.
  void Advance(uint64_t now_ms);

  // One due tag; false if there is none (any more).
  bool Pop(uint64_t* tag);
  bool has_due() const { return !due_.empty(); }

  // A time at which the wheel has to be advanced: at or before the least deadline. ~0 if it is
  // empty.
  uint64_t Next() const;
  uint64_t now_ms() const { return now_; }
  size_t size() const { return size_; }
  size_t memory_bytes() const;

 private:
  static constexpr int kLevels = 4;
  static constexpr int kBits = 8;
  static constexpr uint64_t kSlots = 1 << kBits;

  struct Entry {
    Entry(uint64_t tag, uint32_t its_deadline)
        : tag_low(static_cast<uint32_t>(tag)),
          tag_high(static_cast<uint32_t>(tag >> 32)),
          deadline(its_deadline) {}
    uint64_t tag() const { return uint64_t{tag_high} << 32 | tag_low; }

    uint32_t tag_low, tag_high;
    uint32_t deadline;  // lower half
  };
  static_assert(sizeof(Entry) == 12);

  struct Level {
    std::array<std::vector<Entry>, kSlots> slots;
    std::array<uint64_t, kSlots / 64> used{};  // a bit for each slot that is not empty
  };

  void Place(const Entry& entry);
  uint64_t Full(uint32_t deadline) const;  // the deadline nearest after now with this lower half
  uint64_t NextOf(int level) const;        // start of its next used slot; ~0 if none

  uint64_t now_ = 0;
  size_t size_ = 0;
  std::array<Level, kLevels> levels_;
  std::vector<uint64_t> due_;
};

}  // namespace memgrid::storage
