// Many callers at once on the loops of a real process: for ThreadSanitizer, and for what only
// threads can break.

#include <atomic>
#include <future>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

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

class ThreadsTest : public testing::Test {
 protected:
  static constexpr int kLoops = 3, kAdders = 4, kTimes = 200;

  ThreadsTest()
      : loops_(env::MakePosixLoops({.loops = kLoops})),
        grid_(*Grid::Create({.namespaces = {{.name = "n"}}}, *loops_)) {
    loops_->Start();
    std::promise<absl::Status> started;
    storage::StoreOptions options;
    options.data_size = 64u << 20;
    loops_->loop(0).Post([&] {
      storage::Store::Open(
          options, *loops_, {}, [&](absl::StatusOr<std::unique_ptr<storage::Store>> opened) {
            store_ = *std::move(opened);
            grid_->Start({store_.get()}, [&](absl::Status status) { started.set_value(status); });
          });
    });
    EXPECT_TRUE(started.get_future().get().ok());
  }
  ~ThreadsTest() override {
    std::promise<void> stopped;
    loops_->loop(0).Post([&] { grid_->Stop([&] { stopped.set_value(); }); });
    stopped.get_future().get();
    loops_->Stop();
    store_.reset();
  }

  void Put(std::string_view value) {
    std::promise<void> put;
    loops_->loop(0).Post([&] {
      grid_->Call({}, PutKey{.key = "counter", .ns = "n", .value = value}, {},
                  [&](const absl::Status&, const PutKey&, WriteAnswer&) { put.set_value(); });
    });
    put.get_future().get();
  }
  std::string Get() {
    std::promise<std::string> got;
    loops_->loop(1).Post([&] {
      grid_->Call({.loop = 1}, GetKey{.key = "counter", .ns = "n"}, {},
                  [&](const absl::Status&, const GetKey&, ValueAnswer& answer) {
                    got.set_value(std::string(answer.value.slices[0]));
                  });
    });
    return got.get_future().get();
  }

  std::unique_ptr<env::LoopGroup> loops_;
  std::unique_ptr<Grid> grid_;
  std::unique_ptr<storage::Store> store_;
};

TEST_F(ThreadsTest, NoAdditionIsLost) {
  Put("0");
  std::atomic<int> ended{0};
  std::vector<std::unique_ptr<Adder>> adders;
  for (int i = 0; i < kLoops * kAdders; ++i) {
    adders.push_back(std::make_unique<Adder>(Adder{
        .grid = grid_.get(), .loop = &loops_->loop(i % kLoops), .left = kTimes, .ended = &ended}));
    adders.back()->loop->Post([adder = adders.back().get()] { adder->Read(); });
  }
  for (int seen = 0; seen < kLoops * kAdders; seen = ended.load()) ended.wait(seen);
  EXPECT_EQ(Get(), std::to_string(kLoops * kAdders * kTimes));
}

}  // namespace
}  // namespace memgrid::grid
