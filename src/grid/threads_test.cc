// Many callers at once on the loops of a real process: for ThreadSanitizer, and for what only
// threads can break.

#include <atomic>
#include <future>
#include <memory>
#include <string>

#include "env/posix/posix_env.h"
#include "grid/grid.h"
#include "gtest/gtest.h"
#include "storage/store.h"

namespace memgrid::grid {
namespace {

// A caller that adds to a counter by compare-and-swap until it has done so often enough.
struct Adder {
  Grid* grid = nullptr;
  env::Loop* loop = nullptr;
  int left = 0;
  std::string old_value, new_value;
  std::atomic<int>* ended = nullptr;

  void Read() {
    grid->Call({.loop = loop->index()}, GetKey{.key = "counter", .ns = "n"}, {},
               [this](const absl::Status& status, const GetKey&, ValueAnswer& answer) {
                 ASSERT_TRUE(status.ok()) << status;
                 old_value = answer.value.slices[0];
                 loop->Post([this] { Swap(); });  // others come between
               });
  }
  void Swap() {
    new_value = std::to_string(std::stoi(old_value) + 1);
    grid->Call(
        {.loop = loop->index()},
        CompareAndSwap{.key = "counter", .ns = "n", .expected = old_value, .new_value = new_value},
        {}, [this](const absl::Status& status, const CompareAndSwap&, WriteAnswer& answer) {
          ASSERT_TRUE(status.ok()) << status;
          if (answer.swapped && --left == 0) {
            ended->fetch_add(1);
            ended->notify_one();
            return;
          }
          loop->Post([this] { Read(); });
        });
  }
};

TEST(ThreadsTest, NoAdditionIsLost) {
  constexpr int kLoops = 3, kAdders = 4, kTimes = 200;
  auto loops = env::MakePosixLoops({.loops = kLoops});
  auto grid = *Grid::Create({.namespaces = {{.name = "n"}}}, *loops);
  std::unique_ptr<storage::Store> store;
  loops->Start();
  std::promise<absl::Status> started;
  storage::StoreOptions options;
  options.data_size = 64u << 20;
  loops->loop(0).Post([&] {
    storage::Store::Open(
        options, *loops, {}, [&](absl::StatusOr<std::unique_ptr<storage::Store>> opened) {
          store = *std::move(opened);
          grid->Start({store.get()}, [&](absl::Status status) { started.set_value(status); });
        });
  });
  ASSERT_TRUE(started.get_future().get().ok());

  std::atomic<int> ended{0};
  std::vector<std::unique_ptr<Adder>> adders;
  std::promise<void> put;
  loops->loop(0).Post([&] {
    grid->Call({}, PutKey{.key = "counter", .ns = "n", .value = "0"}, {},
               [&](const absl::Status&, const PutKey&, WriteAnswer&) { put.set_value(); });
  });
  put.get_future().get();
  for (int i = 0; i < kLoops * kAdders; ++i) {
    adders.push_back(std::make_unique<Adder>(Adder{
        .grid = grid.get(), .loop = &loops->loop(i % kLoops), .left = kTimes, .ended = &ended}));
    adders.back()->loop->Post([adder = adders.back().get()] { adder->Read(); });
  }
  for (int seen = 0; seen < kLoops * kAdders; seen = ended.load()) ended.wait(seen);

  std::promise<std::string> sum;
  loops->loop(1).Post([&] {
    grid->Call({.loop = 1}, GetKey{.key = "counter", .ns = "n"}, {},
               [&](const absl::Status&, const GetKey&, ValueAnswer& answer) {
                 sum.set_value(std::string(answer.value.slices[0]));
               });
  });
  EXPECT_EQ(sum.get_future().get(), std::to_string(kLoops * kAdders * kTimes));
  std::promise<void> stopped;
  loops->loop(0).Post([&] { grid->Stop([&] { stopped.set_value(); }); });
  stopped.get_future().get();
  loops->Stop();
}

}  // namespace
}  // namespace memgrid::grid
