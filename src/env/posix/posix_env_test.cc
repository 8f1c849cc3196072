#include "env/posix/posix_env.h"

#include <signal.h>

#include <future>
#include <thread>

#include "gtest/gtest.h"

namespace memgrid::env {
namespace {

TEST(PosixEnv, CountsSlowTurns) {
  std::promise<Nanos> told;
  PosixOptions options;
  options.on_slow_turn = [&told](int, Nanos took) { told.set_value(took); };
  const auto group = MakePosixLoops(std::move(options));
  group->Start();
  Loop& loop = group->loop(0);
  loop.Post([&loop] {
    const Nanos until = loop.clock().Monotonic() + Millis(12);
    while (loop.clock().Monotonic() < until) {
    }
  });
  EXPECT_GE(told.get_future().get(), Nanos(Millis(12)));
  EXPECT_GE(group->slow_turns(), 1u);
}

TEST(PosixEnv, SignalsArriveOnTheLoop) {
  const auto group = MakePosixLoops({.loops = 2});
  std::promise<bool> first, second;
  Loop& loop = group->loop(1);
  OnSignal(loop, SIGUSR1, [&] { first.set_value(loop.InLoop()); });
  OnSignal(loop, SIGUSR2, [&] { second.set_value(loop.InLoop()); });
  group->Start();
  ::raise(SIGUSR1);
  EXPECT_TRUE(first.get_future().get());
  ::raise(SIGUSR2);
  EXPECT_TRUE(second.get_future().get());
}

}  // namespace
}  // namespace memgrid::env
