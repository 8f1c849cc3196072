// Timers for calls: most calls have a deadline and nearly none reaches it, so setting and clearing one must cost next to
// nothing. One timer of the loop serves them all.

#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "env/clock.h"
#include "env/loop.h"

namespace memgrid::frontend::grpc {

// A ring of 4,096 buckets of 1 ms. A deadline further away than the ring is long stays in its bucket for more rounds.
// Owned and used by one loop; must outlive its entries.
class DeadlineWheel {
 public:
  // Something with a deadline; the owner derives from it. Taken off by its destruction.
  class Entry {
   public:
    virtual ~Entry();
    Entry() = default;
    Entry(const Entry&) = delete;
    Entry& operator=(const Entry&) = delete;

   private:
    friend class DeadlineWheel;
    // The deadline has passed; the entry is off the wheel. May set and clear deadlines, its own and others'.
    virtual void OnDeadline() {}

    Entry* next_ = nullptr;
    Entry* previous_ = nullptr;
    env::Nanos when_{0};
  };

  explicit DeadlineWheel(env::Loop& loop);
  ~DeadlineWheel();
  DeadlineWheel(const DeadlineWheel&) = delete;
  DeadlineWheel& operator=(const DeadlineWheel&) = delete;

  // Calls entry.OnDeadline when `when` (monotonic) has passed, up to 2 ms late, and never inside this call. Replaces
  // what was set before.
  void Set(Entry& entry, env::Nanos when);
  static void Clear(Entry& entry);

 private:
  static constexpr int64_t kBuckets = 4096;
  static constexpr int64_t kTickNanos = 1'000'000;

  // The head of a bucket's ring of entries.
  struct Head {
    Head() { ring.next_ = ring.previous_ = &ring; }
    bool empty() const { return ring.next_ == &ring; }
    Entry ring;
  };

  void Arm(int64_t tick);
  void ArmNext();
  void Fire();
  void FireBucket(int64_t bucket, env::Nanos now);
  static void Link(Entry& head, Entry& entry);

  env::Loop& loop_;
  std::unique_ptr<Head[]> heads_;
  std::array<uint64_t, kBuckets / 64> used_{};  // a bit a bucket: may hold entries
  int64_t done_tick_;                           // buckets up to here have been looked at
  int64_t armed_tick_ = 0;                      // 0: not armed
  env::Loop::TimerId timer_ = 0;
};

}  // namespace memgrid::frontend::grpc
