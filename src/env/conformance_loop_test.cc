#include <atomic>
#include <memory>
#include <vector>

#include "env/conformance.h"

namespace memgrid::env {
namespace {

class LoopConformance : public Conformance {};
MEMGRID_CONFORMANCE(LoopConformance);

TEST_P(LoopConformance, TasksRunOnTheirLoopInTheOrderOfPosting) {
  std::vector<int> ran;
  Flag done;
  for (int i = 0; i < 1000; ++i) {
    loop(1).Post([this, i, &ran] {
      EXPECT_TRUE(loop(1).InLoop());
      EXPECT_FALSE(loop(0).InLoop());
      ran.push_back(i);
    });
  }
  loop(1).Post([&] { done.Set(); });
  EXPECT_FALSE(loop(1).InLoop());
  Start();
  Await(done);
  Stop();
  ASSERT_EQ(ran.size(), 1000u);
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(ran[i], i);
}

TEST_P(LoopConformance, LoopsPostToEachOtherAndToThemselves) {
  Start();
  Flag done;
  int hops = 0;  // moves with the task from loop to loop
  std::function<void(int)> hop = [&](int at) {
    EXPECT_TRUE(loop(at).InLoop());
    EXPECT_EQ(loop(at).index(), at);
    if (++hops == 999) return done.Set();
    const int next = hops % 3 == 0 ? at : (at + 1) % 3;
    loop(next).Post([&hop, next] { hop(next); });
  };
  loop(0).Post([&] { hop(0); });
  Await(done);
  Stop();
}

TEST_P(LoopConformance, TimersRunInOrderAndNeverEarly) {
  Start();
  Flag done;
  std::vector<int> ran;
  On(0, [&] {
    const Nanos start = loop(0).clock().Monotonic();
    for (const int ms : {30, 5, 17, 0}) {
      loop(0).RunAfter(Millis(ms), [&, start, ms] {
        EXPECT_GE(loop(0).clock().Monotonic() - start, Nanos(Millis(ms)));
        ran.push_back(ms);
        if (ms == 30) done.Set();
      });
    }
  });
  Await(done);
  Stop();
  EXPECT_EQ(ran, (std::vector<int>{0, 5, 17, 30}));
}

TEST_P(LoopConformance, CancelledTimersAreDestroyedAtOnceAndNeverRun) {
  Start();
  Flag done;
  auto alive = std::make_shared<int>(0);
  On(0, [&] {
    const Loop::TimerId cancelled = loop(0).RunAfter(Millis(1), [alive] { ++*alive; });
    EXPECT_NE(cancelled, 0u);
    EXPECT_EQ(alive.use_count(), 2);
    loop(0).Cancel(cancelled);
    EXPECT_EQ(alive.use_count(), 1);
    loop(0).Cancel(cancelled);
    loop(0).Cancel(0);
    loop(0).RunAfter(Millis(5), [&done] { done.Set(); });
  });
  Await(done);
  Stop();
  EXPECT_EQ(*alive, 0);
}

TEST_P(LoopConformance, OneTimerMayCancelAnotherThatIsDueWithIt) {
  Start();
  Flag done;
  int ran = 0;
  Loop::TimerId timers[2];
  On(0, [&] {
    for (int i = 0; i < 2; ++i) {
      timers[i] = loop(0).RunAfter(Millis(3), [&, i] {
        ++ran;
        loop(0).Cancel(timers[1 - i]);
      });
    }
    loop(0).RunAfter(Millis(8), [&done] { done.Set(); });
  });
  Await(done);
  Stop();
  EXPECT_EQ(ran, 1);
}

TEST_P(LoopConformance, HooksRunInOrderAtTheEndOfTheTurn) {
  Flag done;
  std::vector<std::string> seen;
  loop(0).AtTurnEnd([&] { seen.push_back("first"); });
  loop(0).AtTurnEnd([&] { seen.push_back("second"); });
  Start();
  On(0, [&] {
    seen.clear();
    seen.push_back("task");
    loop(0).Post([&] { done.Set(); });
  });
  Await(done);
  Stop();
  ASSERT_GE(seen.size(), 3u);
  EXPECT_EQ(seen[0], "task");
  EXPECT_EQ(seen[1], "first");
  EXPECT_EQ(seen[2], "second");
}

TEST_P(LoopConformance, AHookMayAskForAnotherTurn) {
  Flag done;
  int turns = 0;
  loop(2).AtTurnEnd([&] {
    if (++turns < 100) {
      loop(2).RequestTurn();
    } else if (turns == 100) {
      done.Set();
    }
  });
  Start();
  loop(2).Post([] {});
  Await(done);
  Stop();
}

TEST_P(LoopConformance, AStampPassesOnceEveryLoopHasEndedATurn) {
  Start();
  Flag passed;
  // Loops 1 and 2 have nothing to do: they count as away.
  std::function<void(uint64_t)> look = [&](uint64_t stamp) {
    if (group().qsbr().Passed(stamp)) return passed.Set();
    loop(0).Post([&look, stamp] { look(stamp); });
  };
  loop(0).Post([&] {
    const uint64_t stamp = group().qsbr().Now();
    EXPECT_FALSE(group().qsbr().Passed(stamp));  // this turn has not ended
    look(stamp);
  });
  Await(passed);
  Stop();
}

TEST_P(LoopConformance, StopDestroysWhatWasNotRun) {
  auto alive = std::make_shared<int>(0);
  Start();
  On(0, [&] {
    loop(0).RunAfter(std::chrono::hours(1), [alive] { ++*alive; });
    loop(0).AtTurnEnd([alive] {});
  });
  EXPECT_EQ(alive.use_count(), 3);
  Stop();
  EXPECT_EQ(alive.use_count(), 1);
  loop(0).Post([alive] { ++*alive; });
  Stop();
  EXPECT_EQ(alive.use_count(), 1);
  EXPECT_EQ(*alive, 0);
}

TEST_P(LoopConformance, ManyThousandTasksAtOnce) {
  Start();
  Flag done;
  int ran = 0;
  On(0, [&] {
    for (int i = 0; i < 50'000; ++i) loop(1).Post([&ran] { ++ran; });
    loop(1).Post([&done] { done.Set(); });
  });
  Await(done);
  Stop();
  EXPECT_EQ(ran, 50'000);
}

TEST_P(LoopConformance, ChanceDiffersAndFills) {
  Random& random = loop(0).random();
  EXPECT_NE(random.Next(), random.Next());
  std::string bytes(100, '\0');
  random.Fill(bytes);
  EXPECT_NE(bytes, std::string(100, '\0'));
  EXPECT_GT(loop(0).clock().WallMillis(), 1'600'000'000'000);
}

}  // namespace
}  // namespace memgrid::env
