// Keys through the grid, on a real engine.

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "base/status.h"
#include "gmock/gmock.h"
#include "grid/testing/grid_world.h"
#include "gtest/gtest.h"

namespace memgrid::grid {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class KeysTest : public testing::Test {
 protected:
  KeysTest() { EXPECT_TRUE(grid_.Write(CreateNamespace{.ns = "n"}).ok()); }

  Outcome<WriteAnswer> Put(std::string_view key, std::string_view value, int from = 0) {
    return grid_.Write(PutKey{.key = key, .ns = "n", .value = value}, {.loop = from});
  }

  // The loop that carries out commands on the namespace: the one from which they do not hop.
  int OwnerOf(std::string_view key) {
    const uint64_t before = grid_.grid().counters().hops;
    EXPECT_TRUE(Put(key, "v", 0).ok());
    return grid_.grid().counters().hops == before ? 0 : 1;
  }

  GridWorld grid_;
};

TEST_F(KeysTest, EveryLoopSeesWhatAnyLoopPut) {
  for (int from = 0; from < GridWorld::kLoops; ++from) {
    const std::string value = "from " + std::to_string(from);
    const auto put = Put("k", value, from);
    ASSERT_TRUE(put.ok()) << put.status;
    for (int reader = 0; reader < GridWorld::kLoops; ++reader) {
      const auto got = grid_.Get({.key = "k", .ns = "n"}, {.loop = reader});
      EXPECT_EQ(got.bytes, value);
      EXPECT_EQ(got.answer.version, put.answer.version);
    }
  }
}

TEST_F(KeysTest, VersionsGrowAndAreNotUsedAgain) {
  const uint64_t first = Put("k", "1").answer.version;
  const uint64_t second = Put("k", "2").answer.version;
  const uint64_t removed = grid_.Write(DeleteKey{.key = "k", .ns = "n"}).answer.version;
  const uint64_t again = Put("k", "2").answer.version;
  EXPECT_LT(0u, first);
  EXPECT_LT(first, second);
  EXPECT_LT(second, removed);
  EXPECT_LT(removed, again);
}

TEST_F(KeysTest, RemovingWhatIsNotThereSucceeds) {
  const auto removed = grid_.Write(DeleteKey{.key = "nothing", .ns = "n"}, {.loop = 1});
  EXPECT_TRUE(removed.ok());
  EXPECT_EQ(removed.answer.version, 0u);
  EXPECT_EQ(grid_.Get({.key = "nothing", .ns = "n"}).status,
            absl::NotFoundError("key \"nothing\""));
}

TEST_F(KeysTest, LargeValuesComeBackWhole) {
  std::string large(16u << 20, 'x');
  for (size_t i = 0; i < large.size(); i += 997) large[i] = static_cast<char>(i);
  ASSERT_TRUE(Put("large", large, 1).ok());
  EXPECT_TRUE(grid_.Value("large") == large);
  large += "y";
  const auto refused = Put("large", large);
  EXPECT_EQ(refused.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(refused.status.ToString(),
              HasSubstr("value is 16777217 bytes long; at most 16777216"));
}

TEST_F(KeysTest, BadNamesAreRefusedWithTheLimit) {
  const std::string long_key(1025, 'k');
  for (const std::string_view key : {std::string_view(""), std::string_view(long_key),
                                     std::string_view("a\0b", 3), std::string_view("\xff")}) {
    EXPECT_EQ(Put(key, "v").code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(grid_.Get({.key = key, .ns = "n"}).code(), absl::StatusCode::kInvalidArgument);
  }
  EXPECT_TRUE(Put(std::string(1024, 'k'), "v").ok());
  EXPECT_EQ(grid_.Get({.key = "k", .ns = "n n"}).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(grid_.Get({.key = "k", .ns = "absent"}).status,
            absl::NotFoundError("namespace \"absent\""));
}

TEST_F(KeysTest, CompareAndSwapByValueVersionAndAbsence) {
  const auto swap = [&](CompareAndSwap request) {
    request.key = "k";
    request.ns = "n";
    return grid_.Write(request, {.loop = 1});
  };
  EXPECT_FALSE(swap({.expected = "", .new_value = "1"}).answer.swapped);  // absent is not empty
  const auto created = swap({.new_value = "1", .expect_absent = true});
  EXPECT_TRUE(created.answer.swapped);
  EXPECT_FALSE(swap({.new_value = "2", .expect_absent = true}).answer.swapped);
  const auto other = swap({.expected = "2", .new_value = "3"});
  EXPECT_FALSE(other.answer.swapped);
  EXPECT_EQ(other.answer.version, created.answer.version);
  EXPECT_TRUE(swap({.expected = "1", .new_value = "2"}).answer.swapped);
  EXPECT_FALSE(swap({.new_value = "3", .expected_version = created.answer.version}).answer.swapped);
  const uint64_t version = grid_.Get({.key = "k", .ns = "n"}).answer.version;
  EXPECT_FALSE(
      swap({.expected = "no", .new_value = "3", .expected_version = version}).answer.swapped);
  EXPECT_TRUE(swap({.new_value = "3", .expected_version = version}).answer.swapped);
  EXPECT_EQ(grid_.Value("k"), "3");
  EXPECT_EQ(swap({.expected = "3", .new_value = "4", .expect_absent = true}).code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_F(KeysTest, ExpiresAtItsDeadlineAndNotBefore) {
  ASSERT_TRUE(
      grid_.Write(PutKey{.key = "short", .ns = "n", .value = "v", .ttl_ms = 500}, {.loop = 1})
          .ok());
  ASSERT_TRUE(grid_.Write(PutKey{.key = "long", .ns = "n", .value = "v", .ttl_ms = 5000}).ok());
  grid_.world().RunFor(std::chrono::milliseconds(480));
  EXPECT_EQ(grid_.Value("short"), "v");
  grid_.world().RunFor(std::chrono::milliseconds(40));
  EXPECT_EQ(grid_.Value("short"), "-");
  EXPECT_EQ(grid_.Value("long"), "v");
  EXPECT_THAT(GridWorld::Names(grid_.ListKeys({.ns = "n"}).answer), ElementsAre("long"));
  // An overwrite without a time to live makes it stay.
  ASSERT_TRUE(Put("long", "v2").ok());
  grid_.world().RunFor(std::chrono::seconds(10));
  EXPECT_EQ(grid_.Value("long"), "v2");
}

TEST_F(KeysTest, AWallClockThatStepsExpiresNothing) {
  ASSERT_TRUE(grid_.Write(PutKey{.key = "k", .ns = "n", .value = "v", .ttl_ms = 1000}).ok());
  grid_.world().StepWallClock("server", 3'600'000);
  grid_.world().RunFor(std::chrono::milliseconds(900));
  EXPECT_EQ(grid_.Value("k"), "v");
  grid_.world().StepWallClock("server", -7'200'000);
  grid_.world().RunFor(std::chrono::milliseconds(200));
  EXPECT_EQ(grid_.Value("k"), "-");
}

TEST_F(KeysTest, TimesToLiveHaveALimit) {
  const PutKey put{.key = "k", .ns = "n", .value = "v", .ttl_ms = uint64_t{1} << 63};
  EXPECT_EQ(grid_.Write(put).code(), absl::StatusCode::kInvalidArgument);
  const PutKey longest{.key = "k", .ns = "n", .value = "v", .ttl_ms = (uint64_t{1} << 63) - 1};
  EXPECT_TRUE(grid_.Write(longest).ok());
  EXPECT_EQ(grid_.Value("k"), "v");
}

TEST_F(KeysTest, RepeatedWritesAreAnsweredOnce) {
  const PutKey put{.key = "k", .ns = "n", .value = "1", .id = {.client_id = "c", .sequence = 7}};
  const auto first = grid_.Write(put);
  ASSERT_TRUE(first.ok()) << first.status;
  ASSERT_TRUE(Put("k", "2").ok());
  const auto again = grid_.Write(put, {.loop = 1});
  EXPECT_TRUE(again.ok());
  EXPECT_EQ(again.answer.version, first.answer.version);
  EXPECT_EQ(grid_.Value("k"), "2");
  const auto refused = [&](uint64_t sequence) {
    PutKey request = put;
    request.id.sequence = sequence;
    return grid_.Write(request).code();
  };
  EXPECT_EQ(refused(8), absl::StatusCode::kOk);
  EXPECT_EQ(refused(7), absl::StatusCode::kFailedPrecondition);
  const DeleteKey other{.key = "k", .ns = "n", .id = {.client_id = "c", .sequence = 8}};
  EXPECT_EQ(grid_.Write(other).code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(grid_.grid().counters().sessions, 1u);
  grid_.world().RunFor(std::chrono::hours(2));
  EXPECT_EQ(grid_.grid().counters().sessions, 0u);
}

TEST_F(KeysTest, ASwapThatFailedIsRepeatedAsItWas) {
  const CompareAndSwap swap{.key = "k",
                            .ns = "n",
                            .expected = "x",
                            .new_value = "y",
                            .id = {.client_id = "c", .sequence = 1}};
  EXPECT_FALSE(grid_.Write(swap).answer.swapped);
  ASSERT_TRUE(Put("k", "x").ok());
  EXPECT_FALSE(grid_.Write(swap).answer.swapped);
  EXPECT_EQ(grid_.Value("k"), "x");
}

TEST_F(KeysTest, WriteIdsAreChecked) {
  const auto code = [&](WriteId id) {
    return grid_.Write(PutKey{.key = "k", .ns = "n", .value = "v", .id = id}).code();
  };
  EXPECT_EQ(code({.client_id = "c", .sequence = 0}), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code({.client_id = "", .sequence = 1}), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code({.client_id = std::string(65, 'c'), .sequence = 1}),
            absl::StatusCode::kInvalidArgument);
  const std::string longest(64, 'c');
  EXPECT_EQ(code({.client_id = longest, .sequence = ~uint64_t{0}}), absl::StatusCode::kOk);
}

TEST_F(KeysTest, PagesFollowEachOther) {
  std::vector<std::string> all;
  for (int i = 0; i < 2500; ++i) {
    all.push_back("p:" + std::to_string(10000 + i));
    ASSERT_TRUE(Put(all.back(), "v", i % 2).ok());
  }
  ASSERT_TRUE(Put("q", "other").ok());
  std::vector<std::string> seen;
  std::string cursor;
  int pages = 0;
  do {
    const auto page = grid_.ListKeys({.prefix = "p:", .ns = "n", .cursor = cursor, .limit = 999},
                                     {.loop = pages % 2});
    ASSERT_TRUE(page.ok()) << page.status;
    for (const std::string& name : GridWorld::Names(page.answer)) seen.push_back(name);
    cursor = page.answer.cursor;
    ++pages;
  } while (!cursor.empty());
  EXPECT_EQ(seen, all);
  EXPECT_EQ(pages, 3);
  const auto whole = grid_.ListKeys({.prefix = "p:", .ns = "n", .limit = 2500});
  EXPECT_THAT(GridWorld::Names(whole.answer), SizeIs(2500));
  EXPECT_THAT(whole.answer.cursor, IsEmpty());
}

TEST_F(KeysTest, CursorsOfOtherListsAreRefused) {
  for (const char* key : {"a1", "a2", "b1"}) ASSERT_TRUE(Put(key, "v").ok());
  const std::string cursor = grid_.ListKeys({.prefix = "a", .ns = "n", .limit = 1}).answer.cursor;
  ASSERT_FALSE(cursor.empty());
  const auto code = [&](std::string_view prefix, std::string_view with) {
    return grid_.ListKeys({.prefix = prefix, .ns = "n", .cursor = with}).code();
  };
  EXPECT_EQ(code("a", cursor), absl::StatusCode::kOk);
  EXPECT_EQ(code("b", cursor), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code("", cursor), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code("a", "nonsense"), absl::StatusCode::kInvalidArgument);
  std::string forged = cursor;
  forged.back() = 'z';
  EXPECT_EQ(code("a", forged), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(grid_.ListRegions({.prefix = "a", .ns = "n", .cursor = cursor}).code(),
            absl::StatusCode::kInvalidArgument);
}

// A list of several slices, while names come and go: one state, the one at its start.
TEST_F(KeysTest, AListShowsOneState) {
  std::vector<std::string> all;
  for (int i = 0; i < 6000; ++i) {
    all.push_back("k" + std::to_string(10000 + i));
    ASSERT_TRUE(Put(all.back(), "v").ok());
  }
  std::optional<std::vector<std::string>> listed;
  int changes = 0;
  bool over = false;
  absl::AnyInvocable<void()> change;  // one after the other, for as long as the list is under way
  const auto keep_changing = [&] {
    over = listed.has_value();
    if (over) return;
    const int i = changes++;
    const std::string key =
        i % 2 == 0 ? "k" + std::to_string(15999 - i) : "k" + std::to_string(15999 - i) + "new";
    auto backing = std::make_shared<std::string>(key);
    if (i % 2 == 0) {
      grid_.grid().Call({.loop = 0}, DeleteKey{.key = *backing, .ns = "n"}, {},
                        [&, backing](const absl::Status& status, const DeleteKey&, WriteAnswer&) {
                          EXPECT_TRUE(status.ok());
                          change();
                        });
    } else {
      grid_.grid().Call({.loop = 0}, PutKey{.key = *backing, .ns = "n", .value = "v"}, {},
                        [&, backing](const absl::Status& status, const PutKey&, WriteAnswer&) {
                          EXPECT_TRUE(status.ok());
                          change();
                        });
    }
  };
  change = [&] { grid_.loop(0).Post(keep_changing); };
  grid_.loop(0).Post([&] {
    grid_.grid().ListKeys({.loop = 0}, {.ns = "n"}, {},
                          [&](const absl::Status& status, const List&, ListAnswer& page) {
                            EXPECT_TRUE(status.ok()) << status;
                            listed = GridWorld::Names(page);
                          });
    keep_changing();
  });
  ASSERT_TRUE(grid_.Until([&] { return listed.has_value() && over; }));
  EXPECT_GT(changes, 1);
  EXPECT_EQ(*listed, all);
}

TEST_F(KeysTest, AtLeastVersionWaitsForIt) {
  const uint64_t version = Put("k", "1").answer.version;
  const Freshness next{.consistency = Consistency::kAtLeastVersion, .min_version = version + 1};
  std::string got;
  for (int from = 0; from < GridWorld::kLoops; ++from) {
    grid_.loop(from).Post([&, from] {
      grid_.grid().Call({.loop = from}, GetKey{.key = "k", .ns = "n", .freshness = next}, {},
                        [&](const absl::Status& status, const GetKey&, ValueAnswer& answer) {
                          EXPECT_TRUE(status.ok()) << status;
                          got += answer.value.slices[0];
                        });
    });
  }
  grid_.world().RunFor(std::chrono::milliseconds(50));
  EXPECT_EQ(got, "");
  ASSERT_TRUE(Put("k", "2").ok());
  EXPECT_TRUE(grid_.Until([&] { return got == "22"; }));
  const Freshness never{.consistency = Consistency::kAtLeastVersion, .min_version = version + 100};
  const env::Nanos deadline = grid_.loop(0).clock().Monotonic() + std::chrono::milliseconds(300);
  EXPECT_EQ(grid_.Get({.key = "k", .ns = "n", .freshness = never}, {.deadline = deadline}).code(),
            absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(grid_.Get({.key = "k", .ns = "n", .freshness = never}).code(),
            absl::StatusCode::kUnavailable);
}

TEST_F(KeysTest, ACommandWhoseDeadlinePassedNeverBegins) {
  const Context late{.loop = 1, .deadline = env::Nanos(1)};
  const auto put = grid_.Write(PutKey{.key = "k", .ns = "n", .value = "v"}, late);
  EXPECT_EQ(put.code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_THAT(put.status.ToString(), testing::Not(HasSubstr("outcome unknown")));
  EXPECT_EQ(grid_.Value("k"), "-");
}

TEST_F(KeysTest, AFullInboxRefusesWithAHint) {
  // All at once from the loop that does not own the shard; nothing is carried out before its turn
  // ends.
  const std::string value(1u << 20, 'v');
  int answered = 0, refused = 0;
  constexpr int kCalls = 64;  // of 1 MiB: twice what fits
  const int other = 1 - OwnerOf("k");
  grid_.loop(other).Post([&] {
    for (int i = 0; i < kCalls; ++i) {
      base::Buffer bytes(value.size());
      bytes.set_size(value.size());
      const std::string_view view = bytes.view();
      grid_.grid().Call({.loop = other}, PutKey{.key = "k", .ns = "n", .value = view},
                        std::move(bytes),
                        [&](const absl::Status& status, const PutKey&, WriteAnswer&) {
                          ++answered;
                          if (status.ok()) return;
                          ++refused;
                          EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
                          EXPECT_TRUE(base::RetryAfterMs(status).has_value());
                        });
    }
  });
  ASSERT_TRUE(grid_.Until([&] { return answered == kCalls; }));
  EXPECT_EQ(refused, kCalls / 2);
  EXPECT_TRUE(Put("k", "after").ok());
}

}  // namespace
}  // namespace memgrid::grid
