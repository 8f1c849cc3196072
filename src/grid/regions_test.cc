// Regions through the grid, on a real engine.

#include <string>

#include "gmock/gmock.h"
#include "grid/testing/grid_world.h"
#include "gtest/gtest.h"

namespace memgrid::grid {
namespace {

using testing::ElementsAre;
using Code = absl::StatusCode;

class RegionsTest : public testing::Test {
 protected:
  RegionsTest() { EXPECT_TRUE(grid_.Write(CreateNamespace{.ns = "n"}).ok()); }

  Outcome<WriteAnswer> Allocate(std::string_view name, uint64_t size) {
    return grid_.Write(AllocateMemory{.key = name, .ns = "n", .size_bytes = size}, {.loop = 1});
  }
  Outcome<WriteAnswer> Write(std::string_view name, uint64_t offset, std::string_view data) {
    return grid_.Write(WriteMemory{.key = name, .ns = "n", .data = data, .offset = offset});
  }
  Outcome<MemoryAnswer> Read(std::string_view name, uint64_t offset, uint64_t length) {
    return grid_.Read({.key = name, .ns = "n", .offset = offset, .length = length}, {.loop = 1});
  }

  GridWorld grid_;
};

TEST_F(RegionsTest, ReadsWhatWasWrittenAndZerosElsewhere) {
  const auto made = Allocate("r", 100);
  ASSERT_TRUE(made.ok()) << made.status;
  EXPECT_EQ(made.answer.number, 100u);
  const auto written = Write("r", 10, "hello");
  EXPECT_EQ(written.answer.number, 5u);
  EXPECT_GT(written.answer.version, made.answer.version);
  const auto read = Read("r", 8, 9);
  EXPECT_EQ(read.bytes, std::string("\0\0hello\0\0", 9));
  EXPECT_EQ(read.answer.version, written.answer.version);
  const auto meta = grid_.Describe({.key = "r", .ns = "n"});
  EXPECT_EQ(meta.answer.size, 100u);
  EXPECT_EQ(meta.answer.data_length, 15u);
}

TEST_F(RegionsTest, KeysAndRegionsHaveNamesOfTheirOwn) {
  ASSERT_TRUE(grid_.Write(PutKey{.key = "same", .ns = "n", .value = "key"}).ok());
  ASSERT_TRUE(Allocate("same", 3).ok());
  ASSERT_TRUE(Write("same", 0, "reg").ok());
  EXPECT_EQ(grid_.Value("same"), "key");
  EXPECT_EQ(Read("same", 0, 3).bytes, "reg");
  EXPECT_THAT(GridWorld::Names(grid_.ListKeys({.ns = "n"}).answer), ElementsAre("same"));
  ASSERT_TRUE(grid_.Write(FreeMemory{.key = "same", .ns = "n"}).ok());
  EXPECT_EQ(grid_.Value("same"), "key");
}

TEST_F(RegionsTest, AbsentAndPresentRegionsAreToldApart) {
  EXPECT_EQ(Read("r", 0, 1).status, absl::NotFoundError("region \"r\""));
  EXPECT_EQ(Write("r", 0, "x").code(), Code::kNotFound);
  EXPECT_EQ(grid_.Write(FreeMemory{.key = "r", .ns = "n"}).code(), Code::kNotFound);
  EXPECT_EQ(grid_.Write(ResizeMemory{.key = "r", .ns = "n", .new_size = 1}).code(),
            Code::kNotFound);
  EXPECT_EQ(grid_.Describe({.key = "r", .ns = "n"}).code(), Code::kNotFound);
  ASSERT_TRUE(Allocate("r", 0).ok());
  EXPECT_EQ(Allocate("r", 0).code(), Code::kAlreadyExists);
}

TEST_F(RegionsTest, RangesAreCheckedWithoutOverflow) {
  ASSERT_TRUE(Allocate("r", 10).ok());
  constexpr uint64_t kMost = ~uint64_t{0};
  EXPECT_TRUE(Read("r", 10, 0).ok());
  EXPECT_EQ(Read("r", 11, 0).code(), Code::kOutOfRange);
  EXPECT_EQ(Read("r", 0, 11).code(), Code::kOutOfRange);
  EXPECT_EQ(Read("r", kMost, 1).code(), Code::kOutOfRange);
  EXPECT_EQ(Read("r", kMost, kMost).code(), Code::kOutOfRange);
  EXPECT_EQ(Read("r", 0, (16u << 20) + 1).code(), Code::kInvalidArgument);
  EXPECT_EQ(Write("r", kMost, "xy").code(), Code::kOutOfRange);
  EXPECT_EQ(Write("r", (uint64_t{1} << 62) - 1, "xy").code(), Code::kOutOfRange);
  EXPECT_EQ(grid_.Describe({.key = "r", .ns = "n"}).answer.size, 10u);
  EXPECT_TRUE(Write("r", (uint64_t{1} << 62) - 2, "xy").ok());
  EXPECT_EQ(grid_.Describe({.key = "r", .ns = "n"}).answer.size, uint64_t{1} << 62);
  EXPECT_EQ(Allocate("huge", (uint64_t{1} << 62) + 1).code(), Code::kInvalidArgument);
}

TEST_F(RegionsTest, WritesGrowAndShrinkingForgets) {
  ASSERT_TRUE(Allocate("r", 4).ok());
  ASSERT_TRUE(Write("r", 2, "abcdef").ok());
  EXPECT_EQ(grid_.Describe({.key = "r", .ns = "n"}).answer.size, 8u);
  EXPECT_EQ(Write("r", 100, "").answer.number, 0u);
  EXPECT_EQ(grid_.Describe({.key = "r", .ns = "n"}).answer.size, 8u);
  const auto shrunk = grid_.Write(ResizeMemory{.key = "r", .ns = "n", .new_size = 4});
  EXPECT_EQ(shrunk.answer.number, 4u);
  EXPECT_EQ(grid_.Describe({.key = "r", .ns = "n"}).answer.data_length, 4u);
  ASSERT_TRUE(grid_.Write(ResizeMemory{.key = "r", .ns = "n", .new_size = 8}).ok());
  EXPECT_EQ(Read("r", 0, 8).bytes, std::string("\0\0ab\0\0\0\0", 8));
}

TEST_F(RegionsTest, RangesAreSwappedIfTheyAreAsExpected) {
  ASSERT_TRUE(Allocate("r", 8).ok());
  const auto swap = [&](uint64_t offset, std::string_view expected, std::string_view value) {
    return grid_.Write(
        CompareAndSwapMemory{
            .key = "r", .ns = "n", .expected = expected, .new_value = value, .offset = offset},
        {.loop = 1});
  };
  EXPECT_TRUE(swap(2, std::string_view("\0\0", 2), "ab").answer.swapped);
  EXPECT_FALSE(swap(2, "xx", "cd").answer.swapped);
  EXPECT_EQ(Read("r", 2, 2).bytes, "ab");
  EXPECT_TRUE(swap(2, "ab", "cd").answer.swapped);
  EXPECT_EQ(Read("r", 2, 2).bytes, "cd");
  EXPECT_EQ(swap(7, "xx", "yy").code(), Code::kOutOfRange);
  EXPECT_EQ(swap(~uint64_t{0}, "xx", "yy").code(), Code::kOutOfRange);
  EXPECT_EQ(swap(0, "x", "yy").code(), Code::kInvalidArgument);
  const std::string large(65537, 'x');
  EXPECT_EQ(swap(0, large, large).code(), Code::kInvalidArgument);
  EXPECT_EQ(grid_.Describe({.key = "r", .ns = "n"}).answer.size, 8u);
}

TEST_F(RegionsTest, AFreedRegionIsGoneAndItsNameIsNew) {
  ASSERT_TRUE(Allocate("r", 8).ok());
  ASSERT_TRUE(Write("r", 0, "old").ok());
  const uint64_t old = Read("r", 0, 1).answer.version;
  ASSERT_TRUE(grid_.Write(FreeMemory{.key = "r", .ns = "n"}).ok());
  EXPECT_EQ(Read("r", 0, 1).code(), Code::kNotFound);
  ASSERT_TRUE(Allocate("r", 8).ok());
  EXPECT_EQ(Read("r", 0, 3).bytes, std::string(3, '\0'));
  EXPECT_GT(Read("r", 0, 3).answer.version, old);
  EXPECT_THAT(GridWorld::Names(grid_.ListRegions({.ns = "n"}, {.loop = 1}).answer),
              ElementsAre("r"));
}

}  // namespace
}  // namespace memgrid::grid
