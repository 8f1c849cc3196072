#include "env/sim/sim_world.h"

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "env/network.h"
#include "env/random.h"
#include "gtest/gtest.h"

namespace memgrid::env {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

// Something of everything: posts, timers, writes and a conversation between two hosts.
class Chatter final : public ConnectionHandler {
 public:
  explicit Chatter(SimWorld& world)
      : a_(world.Boot("a", 2)),
        b_(world.Boot("b", 2)),
        buffer_(static_cast<char*>(std::aligned_alloc(4096, 4096)), std::free) {
    std::fill_n(buffer_.get(), 4096, 'c');
    OpenOptions create;
    create.create = true;
    file_ = *world.disk("a").Open("/file", create);
    Loop* const loops[] = {&b_.loop(0), &b_.loop(1)};
    listener_ = *b_.loop(0).network().Listen("b:1", loops, [this](Loop&, auto connection) {
      accepted_ = std::move(connection);
      accepted_->SetHandler(this);
    });
    a_.loop(0).network().Connect("b:1", 1000, [this](auto connection) {
      connected_ = *std::move(connection);
      const IoSlice slice{"hello", 5};
      connected_->Write({&slice, 1});
    });
    for (int i = 0; i < 20; ++i) a_.loop(1).RunAfter(Millis(i), [this, i] { WriteOne(i); });
    a_.Start();
    b_.Start();
  }

  void OnReadable() override {
    char bytes[16];
    const IoResult result = accepted_->Read(bytes);
    if (result.kind == IoResult::kOk) text_.append(bytes, result.bytes);
  }
  void OnWritable() override {}
  void OnClosed() override {}
  bool done() const { return written_ == 20 && !text_.empty(); }

 private:
  void WriteOne(int i) {
    file_->Write(4096 * (a_.loop(1).random().Next() % 64), {buffer_.get(), 4096},
                 [this](absl::Status) { ++written_; });
    a_.loop(0).Post([this, i] { b_.loop(i % 2).Post([] {}); });
  }

  LoopGroup& a_;
  LoopGroup& b_;
  const std::unique_ptr<char, void (*)(void*)> buffer_;
  std::unique_ptr<File> file_;
  std::unique_ptr<Listener> listener_;
  std::unique_ptr<Connection> accepted_, connected_;
  std::string text_;
  int written_ = 0;
};

uint64_t Trace(uint64_t seed) {
  SimWorld world(seed);
  Chatter chatter(world);
  EXPECT_TRUE(world.RunUntil([&] { return chatter.done(); }, seconds(5)));
  return world.trace_hash();
}

TEST(SimWorld, TheSameSeedGivesTheSameRun) {
  std::set<uint64_t> traces;
  for (uint64_t seed = 0; seed < 20; ++seed) {
    const uint64_t trace = Trace(seed);
    EXPECT_EQ(Trace(seed), trace);
    traces.insert(trace);
  }
  EXPECT_EQ(traces.size(), 20u);
}

TEST(SimWorld, SeedsDifferInWhoComesFirst) {
  std::set<std::string> orders;
  for (uint64_t seed = 0; seed < 50; ++seed) {
    SimWorld world(seed);
    LoopGroup& group = world.Boot("n1", 3);
    std::string order;
    for (int i = 0; i < 3; ++i) group.loop(i).Post([&order, i] { order += std::to_string(i); });
    group.Start();
    world.RunFor(Millis(1));
    orders.insert(order);
  }
  EXPECT_EQ(orders.size(), 6u);
}

TEST(SimWorld, AnHourIsNothing) {
  SimWorld world(1);
  LoopGroup& group = world.Boot("n1", 1);
  Nanos ran{0};
  const Nanos start = group.loop(0).clock().Monotonic();
  group.loop(0).RunAfter(hours(1), [&] { ran = group.loop(0).clock().Monotonic(); });
  group.Start();
  EXPECT_FALSE(world.RunUntil([&] { return ran != Nanos(0); }, hours(1) - Millis(1)));
  EXPECT_TRUE(world.RunUntil([&] { return ran != Nanos(0); }, Millis(2)));
  EXPECT_GE(ran - start, hours(1));
  EXPECT_LT(ran - start, hours(1) + Millis(1));
}

TEST(SimWorld, ACrashDestroysTasksAndTheHostBootsAgain) {
  SimWorld world(1);
  auto alive = std::make_shared<int>(0);
  LoopGroup& group = world.Boot("n1", 2);
  group.Start();
  group.loop(0).Post([alive] { ++*alive; });
  group.loop(1).RunAfter(seconds(1), [alive] { ++*alive; });
  group.loop(1).AtTurnEnd([alive] {});
  world.Crash("n1");
  EXPECT_TRUE(world.crashed("n1"));
  EXPECT_EQ(alive.use_count(), 1);
  world.RunFor(seconds(2));
  EXPECT_EQ(*alive, 0);
  LoopGroup& again = world.Boot("n1", 1);
  EXPECT_FALSE(world.crashed("n1"));
  again.Start();
  again.loop(0).Post([alive] { ++*alive; });
  world.RunFor(Millis(1));
  EXPECT_EQ(*alive, 1);
}

TEST(SimWorld, APausedHostStandsStill) {
  SimWorld world(1);
  LoopGroup& group = world.Boot("n1", 1);
  group.Start();
  world.RunFor(Millis(1));
  world.Pause("n1", seconds(3));
  Nanos ran{0};
  group.loop(0).Post([&] { ran = world.now(); });
  world.RunFor(seconds(5));
  EXPECT_GE(ran, seconds(3));
}

TEST(SimWorld, WallClocksStepAndMonotonicOnesDoNot) {
  SimWorld world(1);
  const Clock& clock = world.Boot("n1", 1).loop(0).clock();
  const int64_t wall = clock.WallMillis();
  const Nanos monotonic = clock.Monotonic();
  world.StepWallClock("n1", -5000);
  EXPECT_EQ(clock.WallMillis(), wall - 5000);
  EXPECT_EQ(clock.Monotonic(), monotonic);
  EXPECT_EQ(world.Boot("n2", 1).loop(0).clock().WallMillis(), wall);
}

}  // namespace
}  // namespace memgrid::env
