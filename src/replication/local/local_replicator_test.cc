#include "replication/local/local_replicator.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "env/sim/sim_world.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace memgrid::replication {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;

// Remembers what it was told, and answers with it.
class Recorder final : public StateMachine {
 public:
  void Apply(uint64_t seq, uint64_t term, uint64_t time_ms, const Entry& entry,
             Answer& answer) override {
    EXPECT_GT(seq, applied_);
    EXPECT_EQ(term, 1u);
    times.push_back(time_ms);
    entries.push_back(std::string(entry.head) + "|" + std::string(entry.payload));
    answer.Set(entry.head);
    if (entry.head != "nothing") applied_ = seq;
    clock_ms_ = std::max(clock_ms_, time_ms);
  }
  uint64_t applied() const override { return applied_; }
  uint64_t clock_ms() const override { return clock_ms_; }
  void set_clock_ms(uint64_t clock) { clock_ms_ = clock; }

  std::vector<std::string> entries;
  std::vector<uint64_t> times;

 private:
  uint64_t applied_ = 0;
  uint64_t clock_ms_ = 0;
};

class LocalReplicatorTest : public testing::Test {
 protected:
  LocalReplicatorTest() : world_(5), loops_(world_.Boot("server", 1)) { loops_.Start(); }
  ~LocalReplicatorTest() override {
    OnLoop([&] { replicator_.reset(); });
    loops_.Stop();
  }

  template <typename Work>
  void OnLoop(Work work) {
    bool done = false;
    loops_.loop(0).Post([&] {
      work();
      done = true;
    });
    ASSERT_TRUE(world_.RunUntil([&] { return done; }, milliseconds(1000)));
  }
  void Make() {
    OnLoop([&] { replicator_ = std::make_unique<LocalReplicator>(machine_, loops_.loop(0)); });
  }
  // The sequence that the command got; 0 if it was refused.
  uint64_t Propose(std::string_view head) {
    uint64_t got = ~uint64_t{0};
    OnLoop([&] {
      replicator_->Propose({.head = head, .payload = "p"},
                           [&](const absl::Status& status, uint64_t seq, const Answer& answer) {
                             EXPECT_TRUE(!status.ok() || answer.bytes() == head);
                             got = status.ok() ? seq : 0;
                           });
      EXPECT_NE(got, ~uint64_t{0}) << "not immediate";
    });
    return got;
  }
  std::string Wait(uint64_t version, milliseconds timeout) {
    std::string outcome;
    OnLoop([&] {
      replicator_->WhenReadable(
          Consistency::kAtLeastVersion, version, loops_.loop(0).clock().Monotonic() + timeout,
          [&](const absl::Status& status) { outcome = absl::StatusCodeToString(status.code()); });
    });
    world_.RunUntil([&] { return !outcome.empty(); }, milliseconds(20'000));
    return outcome;
  }

  env::SimWorld world_;
  env::LoopGroup& loops_;
  Recorder machine_;
  std::unique_ptr<LocalReplicator> replicator_;
};

TEST_F(LocalReplicatorTest, AppliesAtOnceAndInOrder) {
  Make();
  EXPECT_EQ(Propose("a"), 1u);
  EXPECT_EQ(Propose("b"), 2u);
  EXPECT_THAT(machine_.entries, ElementsAre("a|p", "b|p"));
}

TEST_F(LocalReplicatorTest, ACommandWithoutEffectUsesNoSequence) {
  Make();
  EXPECT_EQ(Propose("nothing"), 1u);
  EXPECT_EQ(Propose("a"), 1u);
}

TEST_F(LocalReplicatorTest, TimeRunsWithTheMonotonicClock) {
  Make();
  Propose("a");
  world_.StepWallClock("server", 3'600'000);
  world_.RunFor(milliseconds(50));
  Propose("b");
  world_.StepWallClock("server", -7'200'000);
  world_.RunFor(milliseconds(50));
  Propose("c");
  EXPECT_NEAR(static_cast<double>(machine_.times[1] - machine_.times[0]), 50, 5);
  EXPECT_NEAR(static_cast<double>(machine_.times[2] - machine_.times[1]), 50, 5);
}

TEST_F(LocalReplicatorTest, TimeBeginsNotBelowTheStatesClock) {
  const uint64_t ahead = static_cast<uint64_t>(loops_.loop(0).clock().WallMillis()) + 1'000'000;
  machine_.set_clock_ms(ahead);
  Make();
  Propose("a");
  EXPECT_GE(machine_.times[0], ahead);
}

TEST_F(LocalReplicatorTest, ReadersOfAVersionWaitForIt) {
  Make();
  EXPECT_EQ(Wait(0, milliseconds(0)), "OK");
  std::string first, second;
  OnLoop([&] {
    const env::Nanos deadline = loops_.loop(0).clock().Monotonic() + milliseconds(5000);
    replicator_->WhenReadable(Consistency::kAtLeastVersion, 1, deadline,
                              [&](const absl::Status& status) { first = status.ToString(); });
    replicator_->WhenReadable(Consistency::kAtLeastVersion, 2, deadline,
                              [&](const absl::Status& status) { second = status.ToString(); });
  });
  EXPECT_EQ(first, "");
  Propose("a");
  EXPECT_EQ(first, "OK");
  EXPECT_EQ(second, "");
  Propose("b");
  EXPECT_EQ(second, "OK");
}

TEST_F(LocalReplicatorTest, WaitingEnds) {
  Make();
  EXPECT_EQ(Wait(7, milliseconds(100)), "DEADLINE_EXCEEDED");
  EXPECT_EQ(Wait(7, std::chrono::hours(1)), "UNAVAILABLE");
  std::string waiting;
  OnLoop([&] {
    replicator_->WhenReadable(Consistency::kAtLeastVersion, 9, env::Nanos::max(),
                              [&](const absl::Status& status) { waiting = status.ToString(); });
    replicator_->Stop();
  });
  EXPECT_THAT(waiting, testing::HasSubstr("stopping"));
  EXPECT_EQ(Propose("a"), 0u);
}

}  // namespace
}  // namespace memgrid::replication
