#include "storage/timing_wheel.h"

#include <map>
#include <random>
#include <set>

#include "gtest/gtest.h"

namespace memgrid::storage {
namespace {

std::set<uint64_t> Due(TimingWheel& wheel) {
  std::set<uint64_t> due;
  for (uint64_t tag; wheel.Pop(&tag);) EXPECT_TRUE(due.insert(tag).second);
  return due;
}

TEST(TimingWheel, GivesBackWhatIsDueAndNothingElse) {
  TimingWheel wheel;
  wheel.Add(5, 1);
  wheel.Add(5, 2);
  wheel.Add(6, 3);
  wheel.Add(1u << 20, 4);
  EXPECT_EQ(wheel.Next(), 5u);
  wheel.Advance(4);
  EXPECT_TRUE(Due(wheel).empty());
  wheel.Advance(5);
  EXPECT_EQ(Due(wheel), (std::set<uint64_t>{1, 2}));
  EXPECT_EQ(wheel.Next(), 6u);
  wheel.Advance(1u << 21);
  EXPECT_EQ(Due(wheel), (std::set<uint64_t>{3, 4}));
  EXPECT_EQ(wheel.Next(), ~uint64_t{0});
}

TEST(TimingWheel, ADeadlineInThePastIsDueAtOnce) {
  TimingWheel wheel;
  wheel.Advance(1'700'000'000'000);
  wheel.Add(5, 9);
  EXPECT_EQ(wheel.Next(), wheel.now_ms());
  EXPECT_EQ(Due(wheel), (std::set<uint64_t>{9}));
}

TEST(TimingWheel, WhatLiesBeyondTheHorizonComesEarlyToBeAddedAgain) {
  TimingWheel wheel;
  wheel.Advance(1'700'000'000'123);
  const uint64_t far = wheel.now_ms() + (uint64_t{1} << 40);
  wheel.Add(far, 7);
  wheel.Advance(wheel.now_ms() + (uint64_t{1} << 32));
  EXPECT_EQ(Due(wheel), (std::set<uint64_t>{7}));
}

// Against a sorted map, with steps from a millisecond to weeks.
TEST(TimingWheel, AgreesWithASortedMap) {
  std::mt19937_64 random(1);
  for (int round = 0; round < 50; ++round) {
    TimingWheel wheel;
    std::multimap<uint64_t, uint64_t> model;
    uint64_t now = random() >> (20 + random() % 40);
    wheel.Advance(now);
    uint64_t tag = 0;
    for (int step = 0; step < 400; ++step) {
      const uint64_t deadline = now + 1 + (random() >> (33 + random() % 31));
      wheel.Add(deadline, ++tag);
      model.emplace(deadline, tag);
      EXPECT_LE(wheel.Next(), model.begin()->first);
      if (random() % 3 != 0) continue;
      now += random() % 4 == 0 ? wheel.Next() - now : random() >> (34 + random() % 30);
      wheel.Advance(now);
      std::set<uint64_t> want;
      while (!model.empty() && model.begin()->first <= now) {
        want.insert(model.begin()->second);
        model.erase(model.begin());
      }
      ASSERT_EQ(Due(wheel), want) << "round " << round << " step " << step;
      ASSERT_EQ(wheel.size(), model.size());
    }
  }
}

}  // namespace
}  // namespace memgrid::storage
