#include "env/posix/internal/timer_wheel.h"

#include <map>
#include <memory>
#include <random>
#include <vector>

#include "gtest/gtest.h"

namespace memgrid::env::internal {
namespace {

// Runs what is due and returns how much that was.
int RunDue(TimerWheel& wheel) {
  int count = 0;
  for (base::Task task; wheel.TakeDue(&task); ++count) task();
  return count;
}

TEST(TimerWheel, FallsDueAtItsTickAndNotBefore) {
  for (const uint64_t delay : {1u, 255u, 256u, 257u, 65535u, 65536u, 70000u, 16777216u}) {
    TimerWheel wheel(1000);
    bool ran = false;
    wheel.Set(1000 + delay, [&ran] { ran = true; });
    EXPECT_LE(wheel.NextTick(), 1000 + delay);
    wheel.Advance(1000 + delay - 1);
    EXPECT_FALSE(wheel.has_due()) << delay;
    wheel.Advance(1000 + delay);
    EXPECT_EQ(RunDue(wheel), 1);
    EXPECT_TRUE(ran);
    EXPECT_EQ(wheel.NextTick(), TimerWheel::kNever);
  }
}

TEST(TimerWheel, WhatIsPastFallsDueNext) {
  TimerWheel wheel(1000);
  wheel.Set(3, [] {});
  EXPECT_EQ(wheel.NextTick(), 1001u);
  wheel.Advance(1001);
  EXPECT_EQ(RunDue(wheel), 1);
}

TEST(TimerWheel, LongerThanTheWheelsReach) {
  TimerWheel wheel(12345);
  const uint64_t tick = 12345 + (uint64_t{5} << 32);
  wheel.Set(tick, [] {});
  wheel.Advance(tick - 1);
  EXPECT_FALSE(wheel.has_due());
  wheel.Advance(tick);
  EXPECT_EQ(RunDue(wheel), 1);
}

TEST(TimerWheel, CancelDestroysAtOnceAlsoWhatIsDue) {
  TimerWheel wheel(0);
  auto alive = std::make_shared<int>();
  const uint64_t waiting = wheel.Set(9, [alive] {});
  const uint64_t due = wheel.Set(1, [alive] {});
  wheel.Advance(1);
  EXPECT_EQ(alive.use_count(), 3);
  wheel.Cancel(waiting);
  EXPECT_EQ(alive.use_count(), 2);
  wheel.Cancel(due);
  EXPECT_EQ(alive.use_count(), 1);
  EXPECT_FALSE(wheel.has_due());
  wheel.Cancel(due);
  wheel.Cancel(0);
  const uint64_t reused = wheel.Set(10, [alive] {});
  EXPECT_NE(reused, due);
  wheel.Cancel(due);  // the former user of the same node
  EXPECT_EQ(alive.use_count(), 2);
}

TEST(TimerWheel, AgreesWithASortedMap) {
  std::mt19937_64 random(7);
  for (int round = 0; round < 50; ++round) {
    uint64_t now = random() % (uint64_t{1} << 40);
    TimerWheel wheel(now);
    std::multimap<uint64_t, uint64_t> expected;  // tick -> id
    std::vector<std::pair<uint64_t, uint64_t>> set;
    uint64_t ran = 0;
    for (int step = 0; step < 400; ++step) {
      const int bits = static_cast<int>(random() % 26);
      if (random() % 2 == 0) {
        const uint64_t tick = now + 1 + random() % (uint64_t{1} << bits);
        const uint64_t id = wheel.Set(tick, [&ran] { ++ran; });
        expected.emplace(tick, id);
        set.emplace_back(tick, id);
      } else if (random() % 4 == 0 && !set.empty()) {
        const auto [tick, id] = set[random() % set.size()];
        wheel.Cancel(id);
        for (auto [it, end] = expected.equal_range(tick); it != end; ++it) {
          if (it->second == id) {
            expected.erase(it);
            break;
          }
        }
      } else {
        now += random() % (uint64_t{1} << bits);
        wheel.Advance(now);
        const auto end = expected.upper_bound(now);
        const auto due = std::distance(expected.begin(), end);
        expected.erase(expected.begin(), end);
        ASSERT_EQ(RunDue(wheel), due);
        if (expected.empty()) continue;
        ASSERT_LE(wheel.NextTick(), expected.begin()->first);
      }
    }
  }
}

}  // namespace
}  // namespace memgrid::env::internal
