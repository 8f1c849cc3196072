#include "base/qsbr.h"

#include <atomic>
#include <deque>
#include <thread>
#include <vector>

#include "gtest/gtest.h"

namespace memgrid::base {
namespace {

TEST(Qsbr, PassesAtOnceWhenAllLoopsAreAway) {
  Qsbr qsbr(3);
  EXPECT_TRUE(qsbr.Passed(qsbr.Now()));
}

TEST(Qsbr, WaitsForEveryLoopThatIsBack) {
  Qsbr qsbr(2);
  qsbr.Back(0);
  qsbr.Back(1);
  const uint64_t stamp = qsbr.Now();
  EXPECT_FALSE(qsbr.Passed(stamp));
  qsbr.TurnOver(0);
  EXPECT_FALSE(qsbr.Passed(stamp));
  qsbr.TurnOver(1);
  EXPECT_TRUE(qsbr.Passed(stamp));
}

TEST(Qsbr, TurnsEndedBeforeTheStampDoNotCount) {
  Qsbr qsbr(1);
  qsbr.Back(0);
  qsbr.TurnOver(0);
  const uint64_t stamp = qsbr.Now();
  EXPECT_FALSE(qsbr.Passed(stamp));
}

TEST(Qsbr, GoingAwayLetsPassAndComingBackDoesNotTakeItBack) {
  Qsbr qsbr(1);
  qsbr.Back(0);
  const uint64_t stamp = qsbr.Now();
  qsbr.Away(0);
  EXPECT_TRUE(qsbr.Passed(stamp));
  qsbr.Back(0);
  EXPECT_TRUE(qsbr.Passed(stamp));
  EXPECT_FALSE(qsbr.Passed(qsbr.Now()));
}

TEST(Qsbr, StampsGrow) {
  Qsbr qsbr(1);
  const uint64_t first = qsbr.Now();
  EXPECT_LT(first, qsbr.Now());
}

// Readers follow a shared pointer; a writer replaces what it points to and marks the old one as
// freed when its stamp has passed. A reader that finds the mark has read freed memory.
TEST(Qsbr, ReadersNeverSeeFreedObjects) {
  struct Object {
    std::atomic<bool> freed{false};
  };
  constexpr int kReaders = 3, kReplacements = 20'000;
  Qsbr qsbr(kReaders);
  std::vector<Object> objects(kReplacements + 1);
  std::atomic<Object*> shared{&objects[0]};
  std::atomic<bool> stop{false}, seen_freed{false};
  std::vector<std::thread> readers;
  for (int r = 0; r < kReaders; ++r) {
    readers.emplace_back([&, r] {
      for (uint64_t turn = 0; !stop.load(std::memory_order_relaxed); ++turn) {
        qsbr.Back(r);
        for (int i = 0; i < 3; ++i) {
          Object* object = shared.load(std::memory_order_acquire);
          if (object->freed.load(std::memory_order_relaxed)) seen_freed = true;
          if (i < 2) qsbr.TurnOver(r);
        }
        qsbr.Away(r);
        if (turn % 64 == 0) std::this_thread::yield();
      }
    });
  }
  std::deque<std::pair<uint64_t, Object*>> limbo;
  for (int i = 1; i <= kReplacements; ++i) {
    Object* old = shared.exchange(&objects[i], std::memory_order_acq_rel);
    limbo.emplace_back(qsbr.Now(), old);
    while (!limbo.empty() && qsbr.Passed(limbo.front().first)) {
      limbo.front().second->freed.store(true, std::memory_order_relaxed);
      limbo.pop_front();
    }
  }
  stop = true;
  for (std::thread& reader : readers) reader.join();
  EXPECT_FALSE(seen_freed);
  EXPECT_TRUE(qsbr.Passed(qsbr.Now()));
}

}  // namespace
}  // namespace memgrid::base
