// What a crash leaves of the grid's own state, and answers that wait for the device.

#include <string>

#include "gmock/gmock.h"
#include "grid/testing/grid_world.h"
#include "gtest/gtest.h"

namespace memgrid::grid {
namespace {

using testing::ElementsAre;
using Durability = GridWorld::Durability;

TEST(DurabilityTest, AnswersWaitForTheDevice) {
  GridWorld grid({}, true, Durability::kDevice);
  ASSERT_TRUE(grid.Write(CreateNamespace{.ns = "n"}).ok());
  for (int from = 0; from < GridWorld::kLoops; ++from) {
    const std::string value = "from " + std::to_string(from);
    ASSERT_TRUE(grid.Write(PutKey{.key = "k", .ns = "n", .value = value}, {.loop = from}).ok());
    grid.CrashAndRestart();
    EXPECT_EQ(grid.Value("k"), value);
  }
}

// A reader that sees a write before it is durable hears of it afterwards only.
TEST(DurabilityTest, NothingIsSeenThatACrashCouldTakeBack) {
  GridWorld grid({}, true, Durability::kDevice);
  ASSERT_TRUE(grid.Write(CreateNamespace{.ns = "n"}).ok());
  ASSERT_TRUE(grid.Write(PutKey{.key = "k", .ns = "n", .value = "old"}).ok());
  std::string read;
  uint64_t version = 0;
  const auto on_read = [&](const absl::Status& status, const GetKey&, ValueAnswer& answer) {
    ASSERT_TRUE(status.ok()) << status;
    read = answer.value.slices[0];
    version = answer.version;
    uint64_t persisted = 0;
    for (int i = 0; i < grid.store().shards(); ++i)
      persisted = std::max(persisted, grid.store().shard(i).persisted());
    EXPECT_LE(version, persisted);
  };
  uint64_t parked = 0;
  for (int from = 0; from < GridWorld::kLoops; ++from) {
    read.clear();
    grid.loop(from).Post([&] {
      const Context context{.loop = from};
      grid.grid().Call(context, PutKey{.key = "k", .ns = "n", .value = "new"}, {},
                       [](const absl::Status& status, const PutKey&, WriteAnswer&) {
                         EXPECT_TRUE(status.ok());
                       });
      grid.grid().Call(context, GetKey{.key = "k", .ns = "n"}, {}, on_read);
    });
    ASSERT_TRUE(grid.Until([&] { return !read.empty(); }));
    parked = grid.grid().counters().parked;
  }
  EXPECT_EQ(read, "new");
  EXPECT_GT(parked, 2u);
}

TEST(DurabilityTest, NamespacesSessionsAndCursorsSurviveACrash) {
  GridWorld grid({}, true, Durability::kDevice);
  ASSERT_TRUE(grid.Write(CreateNamespace{.ns = "one"}).ok());
  ASSERT_TRUE(grid.Write(CreateNamespace{.ns = "two"}).ok());
  const PutKey put{.key = "a", .ns = "one", .value = "1", .id = {.client_id = "c", .sequence = 3}};
  const auto first = grid.Write(put);
  ASSERT_TRUE(first.ok());
  ASSERT_TRUE(grid.Write(PutKey{.key = "b", .ns = "one", .value = "2"}).ok());
  const std::string cursor = grid.ListKeys({.ns = "one", .limit = 1}).answer.cursor;
  ASSERT_FALSE(cursor.empty());

  grid.CrashAndRestart();
  EXPECT_THAT(*grid.grid().ListNamespaces({}, ""), ElementsAre("one", "two"));
  const auto again = grid.Write(put, {.loop = 1});
  EXPECT_TRUE(again.ok());
  EXPECT_EQ(again.answer.version, first.answer.version);
  EXPECT_EQ(grid.grid().counters().repeated, 1u);
  PutKey older = put;
  older.id.sequence = 2;
  EXPECT_EQ(grid.Write(older).code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(GridWorld::Names(grid.ListKeys({.ns = "one", .cursor = cursor}).answer),
              ElementsAre("b"));
  // Numbers of namespaces are not used again.
  ASSERT_TRUE(grid.Write(CreateNamespace{.ns = "three"}).ok());
  EXPECT_EQ(grid.Value("a", "three"), "-");
  EXPECT_EQ(grid.Value("a", "one"), "1");
}

TEST(DurabilityTest, WhatExpiredWhileItWasDownIsNotSeenAgain) {
  GridWorld grid({}, true, Durability::kDevice);
  ASSERT_TRUE(grid.Write(CreateNamespace{.ns = "n"}).ok());
  ASSERT_TRUE(grid.Write(PutKey{.key = "k", .ns = "n", .value = "v", .ttl_ms = 2000}).ok());
  ASSERT_TRUE(grid.Write(PutKey{.key = "l", .ns = "n", .value = "v", .ttl_ms = 7'200'000}).ok());
  grid.world().StepWallClock("server", 3'600'000);
  grid.CrashAndRestart();
  EXPECT_EQ(grid.Value("k"), "-");
  EXPECT_EQ(grid.Value("l"), "v");
}

TEST(DurabilityTest, ShadowLosesAtMostTheLastSecond) {
  GridWorld grid({}, true, Durability::kShadow);
  ASSERT_TRUE(grid.Write(CreateNamespace{.ns = "n"}).ok());
  ASSERT_TRUE(grid.Write(PutKey{.key = "k", .ns = "n", .value = "v"}).ok());
  grid.world().RunFor(std::chrono::milliseconds(1000));
  ASSERT_TRUE(grid.Write(PutKey{.key = "late", .ns = "n", .value = "v"}).ok());
  EXPECT_EQ(grid.Value("late"), "v");  // shown at once
  grid.CrashAndRestart();
  EXPECT_EQ(grid.Value("k"), "v");
}

TEST(DurabilityTest, QuotasCountWhatIsThereAfterARestart) {
  GridOptions options;
  options.namespaces.push_back({.name = "small", .quota_bytes = 100});
  GridWorld grid(options, true, Durability::kDevice);
  const std::string value(49, 'v');
  ASSERT_TRUE(grid.Write(PutKey{.key = "a", .ns = "small", .value = value}).ok());
  grid.CrashAndRestart();
  ASSERT_TRUE(grid.Write(PutKey{.key = "b", .ns = "small", .value = value}).ok());
  EXPECT_EQ(grid.Write(PutKey{.key = "c", .ns = "small", .value = ""}).code(),
            absl::StatusCode::kResourceExhausted);
}

}  // namespace
}  // namespace memgrid::grid
