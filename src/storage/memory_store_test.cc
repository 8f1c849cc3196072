// A store without shadow on the loops of a real process, through its public face.

#include <future>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "env/posix/posix_env.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "storage/store.h"

namespace memgrid::storage {
namespace {

using testing::ElementsAre;

class MemoryStoreTest : public testing::Test {
 protected:
  void Open(StoreOptions options, int loops = 2) {
    loops_ = env::MakePosixLoops({.loops = loops});
    loops_->Start();
    std::promise<absl::StatusOr<std::unique_ptr<Store>>> opened;
    loops_->loop(0).Post([&] {
      Store::Open(options, *loops_, {}, [&](absl::StatusOr<std::unique_ptr<Store>> store) { opened.set_value(std::move(store)); });
    });
    auto store = opened.get_future().get();
    status_ = store.status();
    if (store.ok()) store_ = *std::move(store);
  }
  void TearDown() override {
    if (store_ != nullptr) {
      std::promise<absl::Status> closed;
      loops_->loop(0).Post([&] { store_->Close([&](absl::Status status) { closed.set_value(status); }); });
      EXPECT_TRUE(closed.get_future().get().ok());
    }
    loops_->Stop();
    store_.reset();
  }

  // Runs `work` on the loop that owns shard `number`, to its end.
  template <typename Work>
  void OnOwner(int number, Work work) {
    std::promise<void> done;
    Shard& shard = store_->shard(number);
    shard.owner().Post([&] {
      work(shard);
      done.set_value();
    });
    done.get_future().get();
  }

  static RootName Key(std::string_view name, uint32_t ns = 1) { return {ns, Space::kKeys, name}; }

  static absl::Status Put(Shard& shard, std::string_view name, std::string_view value, uint64_t expiry = 0) {
    const auto chunks = static_cast<uint32_t>(value.size() / 65536 + 2);
    const Admission admission = shard.Admit({chunks, value.size() + 100 * chunks + name.size(), 1, false});
    if (!admission.status.ok()) return admission.status;
    shard.Begin(shard.applied() + 1);
    shard.PutValue(Key(name), shard.Hash(Key(name)), expiry, value);
    shard.Commit();
    return absl::OkStatus();
  }
  static bool Remove(Shard& shard, std::string_view name) {
    EXPECT_TRUE(shard.Admit({1, 100 + name.size(), 0, true}).status.ok());
    shard.Begin(shard.applied() + 1);
    const bool removed = shard.Remove(Key(name), shard.Hash(Key(name)));
    shard.Commit();
    return removed;
  }
  // "-" if it is absent.
  static std::string Get(const Shard& shard, std::string_view name) {
    ValueRead read;
    shard.ReadValue(Key(name), shard.Hash(Key(name)), read);
    if (read.outcome != ReadOutcome::kFound) return "-";
    std::string value;
    for (std::string_view slice : read.payload.slices) value += slice;
    EXPECT_EQ(value.size(), read.payload.size);
    return value;
  }
  static std::vector<std::string> Names(const Shard& shard, std::string_view prefix = {}) {
    std::vector<std::string> names;
    shard.List(1, Space::kKeys, prefix, {}, [&](std::string_view name) {
      names.emplace_back(name);
      return true;
    });
    return names;
  }

  static StoreOptions Small() {
    StoreOptions options;
    options.data_size = 64u << 20;
    return options;
  }

  std::unique_ptr<env::LoopGroup> loops_;
  std::unique_ptr<Store> store_;
  absl::Status status_;
};

TEST_F(MemoryStoreTest, KeepsWhatWasPutUntilItIsRemoved) {
  Open(Small());
  ASSERT_TRUE(status_.ok()) << status_;
  OnOwner(0, [](Shard& shard) {
    EXPECT_EQ(Get(shard, "a"), "-");
    ASSERT_TRUE(Put(shard, "a", "1").ok());
    ASSERT_TRUE(Put(shard, "b", "").ok());
    ASSERT_TRUE(Put(shard, "a", "2").ok());
    EXPECT_EQ(Get(shard, "a"), "2");
    EXPECT_EQ(Get(shard, "b"), "");
    EXPECT_THAT(Names(shard), ElementsAre("a", "b"));
    EXPECT_TRUE(Remove(shard, "a"));
    EXPECT_FALSE(Remove(shard, "a"));
    EXPECT_EQ(Get(shard, "a"), "-");
    EXPECT_THAT(Names(shard), ElementsAre("b"));
    EXPECT_EQ(shard.stats().keys, 1u);
  });
}

TEST_F(MemoryStoreTest, ChunksLargeValues) {
  Open(Small());
  OnOwner(0, [](Shard& shard) {
    std::string large(16u << 20, 'x');
    for (size_t i = 0; i < large.size(); i += 1009) large[i] = static_cast<char>(i / 1009);
    ASSERT_TRUE(Put(shard, "large", large).ok());
    EXPECT_TRUE(Get(shard, "large") == large);
    ASSERT_TRUE(Put(shard, "large", "small now").ok());
    EXPECT_EQ(Get(shard, "large"), "small now");
  });
}

TEST_F(MemoryStoreTest, ReadersOnOtherLoopsSeeCommittedValues) {
  Open(Small());
  ASSERT_GE(store_->shards(), 2);
  OnOwner(0, [](Shard& shard) { ASSERT_TRUE(Put(shard, "a", "1").ok()); });
  std::promise<std::string> read;
  loops_->loop(1).Post([&] { read.set_value(Get(store_->shard(0), "a")); });
  EXPECT_EQ(read.get_future().get(), "1");
}

TEST_F(MemoryStoreTest, OverwritesReuseWblocksForEver) {
  Open(Small());
  const std::string value(100000, 'v');
  // Ten times the store's size. What is free comes back once all loops have ended a turn.
  for (int round = 0; round < 200; ++round) {
    OnOwner(0, [&](Shard& shard) {
      for (int i = 0; i < 32; ++i) ASSERT_TRUE(Put(shard, std::to_string(i), value).ok()) << round;
    });
    OnOwner(1, [](Shard&) {});
  }
  OnOwner(0, [&](Shard& shard) { EXPECT_EQ(Get(shard, "7"), value); });
}

TEST_F(MemoryStoreTest, RefusesBeyondStopWritesAndTakesDeletes) {
  Open(Small());
  const std::string value(200000, 'v');
  OnOwner(0, [&](Shard& shard) {
    int put = 0;
    absl::Status status;
    while ((status = Put(shard, std::to_string(put), value)).ok()) ++put;
    EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted) << status;
    EXPECT_NEAR(put * 200000.0, 0.7 * 63 * (1 << 20), 5e6);
    for (int i = 0; i < put; ++i) EXPECT_TRUE(Remove(shard, std::to_string(i)));
  });
  OnOwner(1, [](Shard&) {});
  OnOwner(0, [&](Shard& shard) { EXPECT_TRUE(Put(shard, "again", value).ok()); });
}

TEST_F(MemoryStoreTest, ExpiryFollowsTheLoggedClockOnly) {
  Open(Small());
  OnOwner(0, [](Shard& shard) {
    ASSERT_TRUE(Put(shard, "a", "1", 1000).ok());
    EXPECT_EQ(Get(shard, "a"), "1");
    EXPECT_LE(shard.NextDeadline(), 1000u);
    shard.Begin(shard.applied() + 1);
    shard.Tick(999);
    shard.Commit();
    EXPECT_EQ(Get(shard, "a"), "1");
    shard.Begin(shard.applied() + 1);
    shard.Tick(1000);
    shard.Commit();
    EXPECT_EQ(Get(shard, "a"), "-");
    EXPECT_TRUE(Names(shard).empty());
    EXPECT_FALSE(Remove(shard, "a"));
  });
  OnOwner(0, [](Shard& shard) { EXPECT_EQ(shard.stats().keys, 0u); });
}

TEST_F(MemoryStoreTest, AHoldKeepsBytesUntilItIsGone) {
  Open(Small());
  const std::string first(50000, '1');
  std::unique_ptr<base::Hold> hold;
  std::string_view held;
  OnOwner(0, [&](Shard& shard) {
    ASSERT_TRUE(Put(shard, "a", first).ok());
    ValueRead read;
    shard.ReadValue(Key("a"), shard.Hash(Key("a")), read);
    hold = read.payload.keeper->Keep(read.payload.slices);
    held = read.payload.slices[0];
  });
  for (int round = 0; round < 100; ++round) {
    OnOwner(0, [&](Shard& shard) {
      for (int i = 0; i < 16; ++i) ASSERT_TRUE(Put(shard, "a", std::string(50000, 'x')).ok());
    });
    OnOwner(1, [](Shard&) {});
  }
  EXPECT_TRUE(held == first);
  EXPECT_TRUE(hold->Wanted());
}

TEST_F(MemoryStoreTest, RegionsGrowShrinkAndGo) {
  Open(Small());
  OnOwner(0, [](Shard& shard) {
    const RootName name{1, Space::kRegions, "r"};
    const uint64_t hash = shard.Hash(name);
    ASSERT_TRUE(shard.Admit({1, 200, 1, false}).status.ok());
    shard.Begin(shard.applied() + 1);
    shard.CreateRegion(name, hash, 1 << 20, kMaxRegionBytes);
    shard.Commit();
    ASSERT_TRUE(shard.Admit({4, 20000, 0, false}).status.ok());
    shard.Begin(shard.applied() + 1);
    shard.WriteRegion(name, hash, 5000, std::string(9000, 'w'));
    shard.Commit();
    RegionRead read;
    shard.ReadRegion(name, hash, 4990, 20, read);
    ASSERT_EQ(read.outcome, ReadOutcome::kFound);
    std::string bytes;
    for (std::string_view slice : read.payload.slices) bytes += slice;
    EXPECT_EQ(bytes, std::string(10, '\0') + std::string(10, 'w'));
    EXPECT_EQ(read.meta.data_length, 14000u);
    ASSERT_TRUE(shard.Admit({4, 20000, 0, true}).status.ok());
    shard.Begin(shard.applied() + 1);
    shard.ResizeRegion(name, hash, 6000);
    shard.Commit();
    RegionRead described;
    shard.DescribeRegion(name, hash, described);
    EXPECT_EQ(described.meta.size, 6000u);
    shard.Begin(shard.applied() + 1);
    EXPECT_TRUE(shard.Remove(name, hash));
    shard.Commit();
    RegionRead gone;
    shard.DescribeRegion(name, hash, gone);
    EXPECT_EQ(gone.outcome, ReadOutcome::kAbsent);
  });
}

TEST_F(MemoryStoreTest, RefusesSizesThatDoNotWork) {
  StoreOptions options = Small();
  options.shards = 100;
  Open(options);
  EXPECT_EQ(status_.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status_.message()), testing::HasSubstr("shards = 100"));
}

}  // namespace
}  // namespace memgrid::storage
