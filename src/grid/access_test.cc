// Namespaces: whose they are, where they lie, what the configuration says of them.

#include <string>

#include "gmock/gmock.h"
#include "grid/testing/grid_world.h"
#include "gtest/gtest.h"

namespace memgrid::grid {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Code = absl::StatusCode;

GridOptions WithTokens() {
  GridOptions options;
  options.auth = {.mode = AuthSetting::kJwt, .key_files = {GridWorld::kKeyFile}};
  options.namespaces.push_back({.name = "configured"});
  return options;
}

Context As(std::string_view caller) { return {.loop = 1, .caller = caller}; }

TEST(AccessTest, OthersCannotTellANamespaceFromNone) {
  GridWorld grid(WithTokens());
  ASSERT_TRUE(grid.Write(CreateNamespace{.ns = "hers"}, As("alice")).ok());
  ASSERT_TRUE(grid.Write(CreateNamespace{.ns = "hers"}, As("alice")).ok());
  EXPECT_EQ(grid.Write(CreateNamespace{.ns = "hers"}, As("bob")).code(), Code::kAlreadyExists);
  ASSERT_TRUE(grid.Write(PutKey{.key = "k", .ns = "hers", .value = "v"}, As("alice")).ok());
  EXPECT_EQ(grid.Get({.key = "k", .ns = "hers"}, As("alice")).bytes, "v");
  EXPECT_EQ(grid.Get({.key = "k", .ns = "hers"}, As("bob")).status,
            absl::NotFoundError("namespace \"hers\""));
  EXPECT_EQ(grid.Get({.key = "k", .ns = "none"}, As("bob")).status,
            absl::NotFoundError("namespace \"none\""));
  EXPECT_EQ(grid.ListKeys({.ns = "hers"}, As("bob")).code(), Code::kNotFound);
  EXPECT_EQ(grid.Write(DeleteKey{.key = "k", .ns = "hers"}, As("bob")).code(), Code::kNotFound);
  EXPECT_THAT(*grid.grid().ListNamespaces(As("bob"), ""), IsEmpty());
  EXPECT_THAT(*grid.grid().ListNamespaces(As("alice"), "he"), ElementsAre("hers"));
}

TEST(AccessTest, AConfiguredNamespaceIsTheFirstCallers) {
  GridWorld grid(WithTokens());
  EXPECT_EQ(grid.Get({.key = "k", .ns = "configured"}, As("alice")).code(), Code::kNotFound);
  ASSERT_TRUE(grid.Write(CreateNamespace{.ns = "configured"}, As("alice")).ok());
  EXPECT_EQ(grid.Write(CreateNamespace{.ns = "configured"}, As("bob")).code(),
            Code::kAlreadyExists);
  EXPECT_EQ(grid.Get({.key = "k", .ns = "configured"}, As("alice")).status,
            absl::NotFoundError("key \"k\""));
}

TEST(AccessTest, SessionsOfTwoCallersAreTwo) {
  GridWorld grid(WithTokens());
  ASSERT_TRUE(grid.Write(CreateNamespace{.ns = "hers"}, As("alice")).ok());
  ASSERT_TRUE(grid.Write(CreateNamespace{.ns = "his"}, As("bob")).ok());
  const auto put = [&](std::string_view caller, std::string_view ns, uint64_t sequence) {
    return grid.Write(
        PutKey{.key = "k", .ns = ns, .value = "v", .id = {.client_id = "c", .sequence = sequence}},
        As(caller));
  };
  EXPECT_TRUE(put("alice", "hers", 9).ok());
  EXPECT_TRUE(put("bob", "his", 1).ok());
  EXPECT_EQ(put("alice", "hers", 1).code(), Code::kFailedPrecondition);
}

TEST(AccessTest, WithoutAuthenticationEverybodyIsOne) {
  GridWorld grid;
  EXPECT_EQ(*grid.grid().Authenticate(0, "Bearer nonsense"), kLocalCaller);
  ASSERT_TRUE(grid.Write(CreateNamespace{.ns = "n"}).ok());
  ASSERT_TRUE(grid.Write(CreateNamespace{.ns = "n"}, {.loop = 1}).ok());
  EXPECT_THAT(*grid.grid().ListNamespaces({}, ""), ElementsAre("n"));
}

TEST(AccessTest, DefaultTtlAndQuotaComeFromTheConfiguration) {
  GridOptions options;
  options.namespaces.push_back({.name = "short", .default_ttl_ms = 100});
  options.namespaces.push_back({.name = "small", .quota_bytes = 100});
  GridWorld grid(options);
  ASSERT_TRUE(grid.Write(PutKey{.key = "a", .ns = "short", .value = "v"}).ok());
  ASSERT_TRUE(grid.Write(PutKey{.key = "b", .ns = "short", .value = "v", .ttl_ms = 0}).ok());
  grid.world().RunFor(std::chrono::milliseconds(150));
  EXPECT_EQ(grid.Value("a", "short"), "-");
  EXPECT_EQ(grid.Value("b", "short"), "v");

  const auto put = [&](std::string_view key, size_t bytes, uint64_t ttl_ms = 0) {
    return grid
        .Write(
            PutKey{.key = key, .ns = "small", .value = std::string(bytes, 'v'), .ttl_ms = ttl_ms},
            {.loop = 1})
        .status;
  };
  EXPECT_TRUE(put("a", 49).ok());
  EXPECT_TRUE(put("b", 49, 200).ok());
  const absl::Status full = put("c", 1);
  EXPECT_EQ(full.code(), Code::kResourceExhausted);
  EXPECT_THAT(full.ToString(), HasSubstr("quota"));
  EXPECT_TRUE(grid.Write(DeleteKey{.key = "a", .ns = "small"}).ok());
  EXPECT_TRUE(put("c", 48).ok());
  EXPECT_FALSE(put("d", 1).ok());
  grid.world().RunFor(std::chrono::milliseconds(250));  // b has expired
  EXPECT_TRUE(put("d", 48).ok());
  EXPECT_TRUE(grid.Write(DeleteKey{.key = "d", .ns = "small"}).ok());
  ASSERT_TRUE(grid.Write(AllocateMemory{.key = "r", .ns = "small", .size_bytes = 1000}).ok());
  EXPECT_EQ(grid.Write(WriteMemory{.key = "r", .ns = "small", .data = std::string(90, 'x')}).code(),
            Code::kResourceExhausted);
  EXPECT_TRUE(
      grid.Write(WriteMemory{.key = "r", .ns = "small", .data = std::string(40, 'x')}).ok());
}

TEST(AccessTest, AFullNamespaceCanBeOverwritten) {
  GridOptions options;
  options.namespaces.push_back({.name = "n", .quota_bytes = 100});
  GridWorld grid(options);
  const auto put = [&](size_t bytes) {
    return grid.Write(PutKey{.key = "k", .ns = "n", .value = std::string(bytes, 'v')}).code();
  };
  EXPECT_EQ(put(59), Code::kOk);
  EXPECT_EQ(put(59), Code::kOk);
  EXPECT_EQ(put(100), Code::kResourceExhausted);
  ASSERT_TRUE(grid.Write(AllocateMemory{.key = "r", .ns = "n", .size_bytes = 1000}).ok());
  const auto write = [&](uint64_t offset, size_t bytes) {
    const std::string data(bytes, 'd');
    return grid.Write(WriteMemory{.key = "r", .ns = "n", .data = data, .offset = offset}).code();
  };
  EXPECT_EQ(write(0, 39), Code::kOk);
  EXPECT_EQ(write(9, 30), Code::kOk);
  EXPECT_EQ(write(10, 30), Code::kResourceExhausted);
  EXPECT_EQ(put(10), Code::kOk);
  EXPECT_EQ(write(10, 30), Code::kOk);
}

TEST(AccessTest, CallsBeforeTheStartAndAfterTheStopAreRefused) {
  GridWorld grid({}, false);
  EXPECT_EQ(grid.Get({.key = "k", .ns = "n"}).code(), Code::kUnavailable);
  ASSERT_TRUE(grid.Start().ok());
  EXPECT_EQ(grid.Get({.key = "k", .ns = "n"}).code(), Code::kNotFound);
  bool stopped = false;
  grid.loop(0).Post([&] { grid.grid().Stop([&] { stopped = true; }); });
  ASSERT_TRUE(grid.Until([&] { return stopped; }));
  EXPECT_EQ(grid.Write(CreateNamespace{.ns = "n"}).code(), Code::kUnavailable);
}

TEST(AccessTest, AStoreThatIsNotThereStopsTheStart) {
  GridOptions options;
  options.namespaces.push_back({.name = "n", .store = "other"});
  GridWorld grid(options, false);
  const absl::Status started = grid.Start();
  EXPECT_EQ(started.code(), Code::kInvalidArgument);
  EXPECT_THAT(started.ToString(), HasSubstr("namespace.n.store"));
}

TEST(AccessTest, StoreStatusTellsOfEveryShard) {
  GridWorld grid;
  ASSERT_TRUE(grid.Write(CreateNamespace{.ns = "n"}).ok());
  ASSERT_TRUE(grid.Write(PutKey{.key = "k", .ns = "n", .value = "v"}).ok());
  const auto reports = grid.grid().StoreStatus({}, "default");
  ASSERT_TRUE(reports.ok());
  ASSERT_EQ(reports->size(), 1u);
  EXPECT_EQ((*reports)[0].durability, "memory");
  EXPECT_EQ((*reports)[0].keys, 1u);
  EXPECT_EQ((*reports)[0].shards.size(), 4u);
  EXPECT_EQ(grid.grid().StoreStatus({}, "other").status().code(), Code::kNotFound);
}

}  // namespace
}  // namespace memgrid::grid
