// Defrag on the simulated machine: space comes back and nothing that is needed is lost. What a crash makes of it is the
// matter of tests/sim.

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "base/strings.h"
#include "env/sim/sim_world.h"
#include "gtest/gtest.h"
#include "storage/store.h"

namespace memgrid::storage {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class DefragTest : public testing::Test {
 protected:
  void TearDown() override {
    bool closed = false;
    loop().Post([&] { store_->Close([&](const absl::Status&) { closed = true; }); });
    EXPECT_TRUE(world_.RunUntil([&] { return closed; }, seconds(10)));
    store_.reset();
  }

  // One shard, wblocks of 64 KiB.
  void Open(StoreOptions options = {}) {
    options.wblock_shift = 16;
    if (!options.has_shadow()) options.data_size = 6u << 20;
    options.shards = 1;
    loops_ = &world_.Boot("n1", 1);
    loops_->Start();
    loop().Post([&, options] {
      Store::Open(options, *loops_, {}, [&](absl::StatusOr<std::unique_ptr<Store>> store) {
        ASSERT_TRUE(store.ok()) << store.status();
        store_ = *std::move(store);
      });
    });
    ASSERT_TRUE(world_.RunUntil([&] { return store_ != nullptr; }, seconds(10)));
  }
  env::Loop& loop() { return loops_->loop(0); }
  Shard& shard() { return store_->shard(0); }

  // Within a turn.
  void Do(const std::function<void()>& work) {
    bool done = false;
    loop().Post([&] {
      work();
      done = true;
    });
    ASSERT_TRUE(world_.RunUntil([&] { return done; }, seconds(10)));
  }
  void Command(const Need& need, const std::function<void()>& changes) {
    absl::Status status;
    for (int i = 0; i < 1000; ++i) {
      Do([&] {
        status = shard().Admit(need).status;
        if (!status.ok()) return;
        shard().Begin(shard().applied() + 1);
        changes();
        shard().Commit();
      });
      if (status.ok()) return;
      world_.RunFor(milliseconds(5));
    }
    FAIL() << status;
  }
  static RootName Key(std::string_view name) { return {1, Space::kKeys, name}; }
  static RootName RegionName(std::string_view name) { return {1, Space::kRegions, name}; }
  void Put(const std::string& name, const std::string& value, uint64_t expiry = 0) {
    const auto records = static_cast<uint32_t>(value.size() / 4096 + 2);
    Command({records, value.size() + 100 * records, 1, false},
            [&] { shard().PutValue(Key(name), shard().Hash(Key(name)), expiry, value); });
  }
  void Remove(const RootName& name) {
    Command({1, 200, 0, true}, [&] { shard().Remove(name, shard().Hash(name)); });
  }
  std::string Get(const std::string& name) {
    ValueRead read;
    std::string value;
    Do([&] {
      shard().ReadValue(Key(name), shard().Hash(Key(name)), read);
      for (std::string_view slice : read.payload.slices) value += slice;
    });
    return read.outcome == ReadOutcome::kFound ? value : "-";
  }
  uint64_t FreeWblocks() { return store_->stats().stripes[0].free_wblocks; }

  env::SimWorld world_{1};
  env::LoopGroup* loops_ = nullptr;
  std::unique_ptr<Store> store_;
};

std::string Value(int i) { return std::string(1000, static_cast<char>('a' + i % 26)) + base::StrCat(i); }

TEST_F(DefragTest, GivesSpaceBackAndKeepsWhatIsLeft) {
  Open();
  const uint64_t free = FreeWblocks();
  for (int i = 0; i < 3000; ++i) Put(base::StrCat("k", i), Value(i));
  for (int i = 0; i < 3000; ++i) {
    if (i % 10 != 0) Remove(Key(base::StrCat("k", i)));
  }
  world_.RunFor(seconds(5));
  EXPECT_GE(FreeWblocks() + 7, free);  // 300 KB are left, in about five wblocks
  EXPECT_GT(store_->stats().defrag_moved_bytes, 250'000u);
  for (int i = 0; i < 3000; ++i) EXPECT_EQ(Get(base::StrCat("k", i)), i % 10 == 0 ? Value(i) : "-");
}

TEST_F(DefragTest, IsQuietWhenThereIsNothingToDo) {
  Open();
  for (int i = 0; i < 1000; ++i) Put(base::StrCat("k", i), Value(i));
  world_.RunFor(seconds(5));
  const uint64_t moved = store_->stats().defrag_moved_bytes;
  const uint64_t before = world_.trace_hash();
  world_.RunFor(seconds(60));
  EXPECT_EQ(store_->stats().defrag_moved_bytes, moved);
  EXPECT_EQ(world_.trace_hash(), before);  // not a single turn
}

TEST_F(DefragTest, WritersGoOnForEverAtSeventyPercent) {
  StoreOptions options;
  options.stop_writes_used_pct = 72;
  Open(options);
  constexpr int kKeys = 3900;  // 4.1 of 6 MB
  for (int i = 0; i < kKeys; ++i) Put(base::StrCat("k", i), Value(i));
  std::mt19937_64 random(1);
  std::map<int, int> last;
  uint64_t written = 0;
  for (int i = 0; i < 30'000; ++i) {
    const int key = static_cast<int>(random() % kKeys);
    Put(base::StrCat("k", key), Value(key + i));
    last[key] = key + i;
    written += 1040;
  }
  for (const auto& [key, value] : last) EXPECT_EQ(Get(base::StrCat("k", key)), Value(value));
  // Uniform overwrites at 70 %: the greedy bound is 1.9.
  EXPECT_LT(static_cast<double>(store_->stats().defrag_moved_bytes) / static_cast<double>(written), 1.3);
}

TEST_F(DefragTest, ChunkedValuesMoveByTheirChunks) {
  Open();
  std::map<int, std::string> values;
  for (int i = 0; i < 20; ++i) values[i] = std::string(20'000 + i, static_cast<char>('a' + i));
  for (int i = 0; i < 20; ++i) {
    Put(base::StrCat("large", i), values[i]);
    for (int j = 0; j < 40; ++j) Put(base::StrCat("small", i, "/", j), Value(j));
  }
  for (int i = 0; i < 20; ++i) {
    for (int j = 0; j < 40; ++j) Remove(Key(base::StrCat("small", i, "/", j)));
    if (i % 2 == 0) Remove(Key(base::StrCat("large", i)));
  }
  world_.RunFor(seconds(5));
  EXPECT_GT(store_->stats().defrag_moved_bytes, 100'000u);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(Get(base::StrCat("large", i)), i % 2 == 0 ? "-" : values[i]);
}

// Regions: whole pages, patches that are folded on the way, holes.
TEST_F(DefragTest, RegionsKeepTheirBytes) {
  Open();
  const RootName name = RegionName("r");
  const uint64_t hash = shard().Hash(name);
  Command({1, 300, 1, false}, [&] { shard().CreateRegion(name, hash, 1 << 20, uint64_t{1} << 30); });
  std::string model(1 << 20, '\0');
  std::mt19937_64 random(2);
  for (int i = 0; i < 6000; ++i) {
    const bool small = random() % 3 != 0;
    const size_t offset = small ? random() % (model.size() - 300) : random() % 200 * 4096;
    const std::string data(small ? 1 + random() % 300 : (1 + random() % 3) * 4096, static_cast<char>(random()));
    Command({40, data.size() + 100'000, 0, false}, [&] { shard().WriteRegion(name, hash, offset, data); });
    model.replace(offset, data.size(), data);
    if (i % 1500 == 700) {
      const size_t cut = 100'000 + random() % 500'000;
      Command({8, 20'000, 0, true}, [&] { shard().ResizeRegion(name, hash, cut); });
      Command({8, 20'000, 0, false}, [&] { shard().ResizeRegion(name, hash, model.size()); });
      model.replace(cut, model.size() - cut, model.size() - cut, '\0');
    }
  }
  world_.RunFor(seconds(5));
  EXPECT_GT(store_->stats().defrag_moved_bytes, 100'000u);
  RegionRead read;
  std::string bytes;
  Do([&] {
    shard().ReadRegion(name, hash, 0, model.size(), read);
    for (std::string_view slice : read.payload.slices) bytes += slice;
  });
  ASSERT_EQ(read.outcome, ReadOutcome::kFound);
  EXPECT_TRUE(bytes == model);
  Remove(name);
  world_.RunFor(seconds(5));
  EXPECT_LT(shard().stats().live_bytes, 1000u);
}

}  // namespace
}  // namespace memgrid::storage
