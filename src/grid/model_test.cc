// Random commands from two loops, one after the other, against a plain model.

#include <algorithm>
#include <map>
#include <optional>
#include <random>
#include <string>

#include "grid/testing/grid_world.h"
#include "gtest/gtest.h"

namespace memgrid::grid {
namespace {

struct ModelKey {
  std::string value;
  uint64_t version = 0;
};
struct ModelRegion {
  std::string bytes;  // of `size`
  uint64_t data_length = 0, version = 0;
};

class ModelTest : public testing::TestWithParam<int> {
 protected:
  ModelTest() : random_(static_cast<unsigned>(GetParam())) {
    EXPECT_TRUE(grid_.Write(CreateNamespace{.ns = "n"}).ok());
  }

  size_t Below(size_t end) { return random_() % end; }
  Context From() { return {.loop = static_cast<int>(Below(GridWorld::kLoops))}; }
  std::string Name() { return "k" + std::to_string(Below(12)); }
  std::string Bytes(size_t most) {
    return std::string(Below(most), static_cast<char>('a' + Below(3)));
  }

  void Put();
  void Remove();
  void Swap();
  void WriteRegion();
  void ChangeRegion();
  void SwapRange();
  void CheckOne();
  void CheckLists();

  std::mt19937 random_;
  GridWorld grid_;
  std::map<std::string, ModelKey> keys_;
  std::map<std::string, ModelRegion> regions_;
};

void ModelTest::Put() {
  const std::string name = Name(), value = Bytes(Below(4) == 0 ? 300'000 : 40);
  const auto put = grid_.Write(PutKey{.key = name, .ns = "n", .value = value}, From());
  ASSERT_TRUE(put.ok()) << put.status;
  keys_[name] = {value, put.answer.version};
}

void ModelTest::Remove() {
  const std::string name = Name();
  const auto removed = grid_.Write(DeleteKey{.key = name, .ns = "n"}, From());
  ASSERT_TRUE(removed.ok()) << removed.status;
  EXPECT_EQ(removed.answer.version != 0, keys_.erase(name) == 1);
}

void ModelTest::Swap() {
  const std::string name = Name(), value = Bytes(40);
  const auto present = keys_.find(name);
  const bool there = present != keys_.end();
  CompareAndSwap swap{.key = name, .ns = "n", .new_value = value};
  const std::string expected = there && Below(2) == 0 ? present->second.value : Bytes(3);
  bool matches = there && present->second.value == expected;
  switch (Below(3)) {
    case 0:
      swap.expect_absent = true;
      matches = !there;
      break;
    case 1:
      swap.expected_version = there && Below(2) == 0 ? present->second.version : Below(100);
      matches = there && present->second.version == *swap.expected_version;
      break;
    default:
      swap.expected = expected;
  }
  const auto swapped = grid_.Write(swap, From());
  ASSERT_TRUE(swapped.ok()) << swapped.status;
  ASSERT_EQ(swapped.answer.swapped, matches);
  if (matches) keys_[name] = {value, swapped.answer.version};
}

void ModelTest::WriteRegion() {
  const std::string name = Name(), data = Bytes(Below(3) == 0 ? 20'000 : 200);
  const uint64_t offset = Below(30'000);
  const auto written =
      grid_.Write(WriteMemory{.key = name, .ns = "n", .data = data, .offset = offset}, From());
  const auto at = regions_.find(name);
  ASSERT_EQ(written.ok(), at != regions_.end());
  if (!written.ok() || data.empty()) return;
  ModelRegion& region = at->second;
  region.bytes.resize(std::max(region.bytes.size(), offset + data.size()));
  region.bytes.replace(offset, data.size(), data);
  region.data_length = std::max(region.data_length, offset + data.size());
  region.version = written.answer.version;
}

void ModelTest::ChangeRegion() {
  const std::string name = Name();
  const bool there = regions_.contains(name);
  const uint64_t size = Below(40'000);
  const size_t what = Below(6);
  if (what == 0) {
    const auto freed = grid_.Write(FreeMemory{.key = name, .ns = "n"}, From());
    ASSERT_EQ(freed.ok(), there);
    regions_.erase(name);
  } else if (what < 3) {
    const auto made =
        grid_.Write(AllocateMemory{.key = name, .ns = "n", .size_bytes = size}, From());
    ASSERT_EQ(made.ok(), !there);
    if (made.ok()) regions_[name] = {std::string(size, '\0'), 0, made.answer.version};
  } else {
    const auto resized =
        grid_.Write(ResizeMemory{.key = name, .ns = "n", .new_size = size}, From());
    ASSERT_EQ(resized.ok(), there);
    if (!there) return;
    ModelRegion& region = regions_[name];
    region.bytes.resize(size);
    region.data_length = std::min(region.data_length, size);
    region.version = resized.answer.version;
  }
}

void ModelTest::SwapRange() {
  const std::string name = Name();
  const auto at = regions_.find(name);
  const size_t length = Below(100);
  const uint64_t offset = Below(30'000);
  std::string expected(length, '\0');
  if (at != regions_.end() && offset < at->second.bytes.size() && Below(4) != 0) {
    expected = at->second.bytes.substr(offset, length);
    expected.resize(length);
  }
  const std::string value(length, 'z');
  const auto swapped = grid_.Write(
      CompareAndSwapMemory{
          .key = name, .ns = "n", .expected = expected, .new_value = value, .offset = offset},
      From());
  if (at == regions_.end()) {
    EXPECT_EQ(swapped.code(), absl::StatusCode::kNotFound);
    return;
  }
  ModelRegion& region = at->second;
  if (offset + length > region.bytes.size()) {
    EXPECT_EQ(swapped.code(), absl::StatusCode::kOutOfRange);
    return;
  }
  ASSERT_TRUE(swapped.ok()) << swapped.status;
  const bool matches = region.bytes.compare(offset, length, expected) == 0;
  ASSERT_EQ(swapped.answer.swapped, matches);
  if (!matches || length == 0) return;
  region.bytes.replace(offset, length, value);
  region.data_length = std::max(region.data_length, offset + length);
  region.version = swapped.answer.version;
}

void ModelTest::CheckOne() {
  const std::string name = Name();
  const auto got = grid_.Get({.key = name, .ns = "n"}, From());
  const auto key = keys_.find(name);
  ASSERT_EQ(got.ok(), key != keys_.end());
  if (got.ok()) {
    ASSERT_TRUE(got.bytes == key->second.value);
    ASSERT_EQ(got.answer.version, key->second.version);
  }
  const auto at = regions_.find(name);
  const auto described = grid_.Describe({.key = name, .ns = "n"}, From());
  ASSERT_EQ(described.ok(), at != regions_.end());
  if (!described.ok()) return;
  const ModelRegion& region = at->second;
  ASSERT_EQ(described.answer.size, region.bytes.size());
  ASSERT_EQ(described.answer.data_length, region.data_length);
  ASSERT_EQ(described.answer.version, region.version);
  const uint64_t offset = Below(region.bytes.size() + 1),
                 length = Below(region.bytes.size() - offset + 1);
  const auto read =
      grid_.Read({.key = name, .ns = "n", .offset = offset, .length = length}, From());
  ASSERT_TRUE(read.ok()) << read.status;
  ASSERT_TRUE(read.bytes == region.bytes.substr(offset, length))
      << name << " " << offset << " " << length;
}

void ModelTest::CheckLists() {
  std::vector<std::string> keys, regions;
  for (const auto& [name, key] : keys_) keys.push_back(name);
  for (const auto& [name, region] : regions_) regions.push_back(name);
  EXPECT_EQ(GridWorld::Names(grid_.ListKeys({.ns = "n"}, From()).answer), keys);
  EXPECT_EQ(GridWorld::Names(grid_.ListRegions({.ns = "n"}, From()).answer), regions);
}

TEST_P(ModelTest, TheGridIsWhatThePlainModelIs) {
  for (int step = 0; step < 3000 && !HasFatalFailure(); ++step) {
    switch (Below(8)) {
      case 0:
      case 1:
        Put();
        break;
      case 2:
        Remove();
        break;
      case 3:
        Swap();
        break;
      case 4:
        ChangeRegion();
        break;
      case 5:
        SwapRange();
        break;
      default:
        WriteRegion();
    }
    CheckOne();
    if (step % 100 == 0) CheckLists();
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, ModelTest, testing::Range(1, 5));

}  // namespace
}  // namespace memgrid::grid
