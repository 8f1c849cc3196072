#include "storage/index/index.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "base/strings.h"
#include "storage/index/testing/records.h"

namespace memgrid::storage {
namespace {

constexpr HashSeed kSeed{0x1234567890abcdef, 0xfedcba0987654321};

using Names = std::vector<std::string>;

// An index of one loop, which is away: what is unlinked is freed by the next Maintain.
class IndexTest : public testing::Test {
 protected:
  explicit IndexTest(int hash_bits = 48) : index_(kSeed, qsbr_, hash_bits) {}

  void Put(const RootName& name) { index_.Set(name, index_.Hash(name), records_.Value(name)); }
  void Bury(const RootName& name) { index_.Set(name, index_.Hash(name), records_.Tombstone(name)); }
  Names List(uint32_t ns, std::string_view prefix, std::string_view after = "", size_t limit = ~size_t{0}) {
    Names names;
    ended_ = index_.List(ns, Space::kKeys, prefix, after, [&](std::string_view name, Slot slot) {
      EXPECT_EQ(slot.record().key(), name);
      names.emplace_back(name);
      return names.size() < limit;
    });
    return names;
  }

  base::Qsbr qsbr_{1};
  Records records_;
  Index index_;
  bool ended_ = false;
};

TEST_F(IndexTest, FindsWhatWasSet) {
  const RootName name{1, Space::kKeys, "user:1"};
  const uint64_t hash = index_.Hash(name);
  EXPECT_EQ(index_.Find(name, hash).certainty, Index::Certainty::kMiss);
  const Slot first = records_.Value(name), second = records_.InNode(name);
  EXPECT_FALSE(index_.Set(name, hash, first));
  EXPECT_TRUE(index_.Set(name, hash, second).same(first));
  const Index::Found found = index_.Find(name, hash);
  ASSERT_EQ(found.certainty, Index::Certainty::kHit);
  EXPECT_TRUE(found.slot.same(second));
  EXPECT_EQ(found.slot.record().key(), "user:1");
  EXPECT_EQ(index_.live(), 1u);
  EXPECT_TRUE(index_.Erase(name, hash).same(second));
  EXPECT_FALSE(index_.Get(name, hash));
  EXPECT_EQ(index_.live(), 0u);
}

TEST_F(IndexTest, NamespacesAndSpacesAreApart) {
  Put({1, Space::kKeys, "a"});
  Put({1, Space::kRegions, "a"});
  Put({2, Space::kKeys, "a"});
  EXPECT_EQ(index_.live(), 3u);
  EXPECT_THAT(List(1, ""), testing::ElementsAre("a"));
  EXPECT_FALSE(index_.Get({2, Space::kRegions, "a"}, index_.Hash({2, Space::kRegions, "a"})));
}

TEST_F(IndexTest, TombstonesAreFoundAndNotListed) {
  Put({1, Space::kKeys, "a"});
  Put({1, Space::kKeys, "b"});
  Bury({1, Space::kKeys, "a"});
  Bury({1, Space::kKeys, "c"});
  EXPECT_EQ(index_.live(), 1u);
  EXPECT_EQ(index_.tombstones(), 2u);
  EXPECT_THAT(List(1, ""), testing::ElementsAre("b"));
  EXPECT_EQ(index_.Find({1, Space::kKeys, "a"}, index_.Hash({1, Space::kKeys, "a"})).slot.form(), Form::kTombstone);
  Put({1, Space::kKeys, "a"});
  EXPECT_THAT(List(1, ""), testing::ElementsAre("a", "b"));
}

TEST_F(IndexTest, SwingOnlyReplacesWhatIsStillThere) {
  const RootName name{1, Space::kKeys, "moved"};
  const uint64_t hash = index_.Hash(name);
  const Slot old = records_.Value(name), copy = records_.Value(name), newer = records_.Value(name);
  index_.Set(name, hash, old);
  EXPECT_TRUE(index_.Swing(hash, old, copy));
  EXPECT_FALSE(index_.Swing(hash, old, copy));
  index_.Set(name, hash, newer);
  EXPECT_FALSE(index_.Swing(hash, copy, old));
  EXPECT_TRUE(index_.Get(name, hash).same(newer));
}

TEST_F(IndexTest, ListsFromWhereItIsTold) {
  for (const char* name : {"", "a", "a/1", "a/2", "a/22", "a/3", "b"}) Put({1, Space::kKeys, name});
  EXPECT_THAT(List(1, "a/"), testing::ElementsAre("a/1", "a/2", "a/22", "a/3"));
  EXPECT_TRUE(ended_);
  EXPECT_THAT(List(1, "a/", "a/2"), testing::ElementsAre("a/22", "a/3"));
  EXPECT_THAT(List(1, "a/", "a/21"), testing::ElementsAre("a/22", "a/3"));
  EXPECT_THAT(List(1, "a/", "A"), testing::SizeIs(4));
  EXPECT_THAT(List(1, "a/", "b"), testing::IsEmpty());
  EXPECT_THAT(List(1, "", "", 2), testing::ElementsAre("", "a"));
  EXPECT_FALSE(ended_);
  EXPECT_THAT(List(0, ""), testing::IsEmpty());
  EXPECT_THAT(List(2, ""), testing::IsEmpty());
}

TEST_F(IndexTest, NamesThatDifferOnlyInZeroBytesAtTheEnd) {
  Names names;
  for (size_t i = 0; i < 300; ++i) names.push_back("zero" + std::string(i, '\0'));
  for (size_t i = names.size(); i-- > 0;) Put({1, Space::kKeys, names[i]});
  EXPECT_EQ(List(1, ""), names);
  index_.BeginLoad();
  index_.EndLoad();
  EXPECT_EQ(List(1, ""), names);
  EXPECT_EQ(index_.Check(), "");
}

TEST_F(IndexTest, LongNamesWithLongCommonBeginnings) {
  Names names;
  for (int i = 0; i < 2000; ++i) names.push_back(std::string(1000, 'p') + std::to_string(10000 + i * 7919 % 2000));
  for (const auto& name : names) Put({7, Space::kKeys, name});
  std::sort(names.begin(), names.end());
  EXPECT_EQ(List(7, ""), names);
  EXPECT_EQ(index_.Check(), "");
  for (const auto& name : names) index_.Erase({7, Space::kKeys, name}, index_.Hash({7, Space::kKeys, name}));
  EXPECT_THAT(List(7, ""), testing::IsEmpty());
}

TEST_F(IndexTest, WalkVisitsEachSlotOnceInSlices) {
  for (int i = 0; i < 5000; ++i) {
    const std::string name = base::StrCat("k", i);
    i % 5 == 0 ? Bury({1, Space::kKeys, name}) : Put({1, Space::kKeys, name});
  }
  index_.PauseGrowth(true);
  std::multiset<std::string> seen;
  uint64_t position = 0;
  int slices = 0;
  const auto visit = [&seen](Slot slot) { seen.insert(std::string(slot.record().key())); };
  while (index_.Walk(&position, 100, visit)) {
    ++slices;
    Put({1, Space::kKeys, base::StrCat("new", slices)});  // may be seen or not, must not disturb
  }
  EXPECT_GT(slices, 40);
  for (int i = 0; i < 5000; ++i) EXPECT_EQ(seen.count(base::StrCat("k", i)), 1u) << i;
  index_.PauseGrowth(false);
  EXPECT_EQ(index_.Check(), "");
}

TEST_F(IndexTest, ManyCreationsWhileGrowthIsPaused) {
  for (int i = 0; i < 1000; ++i) Put({1, Space::kKeys, base::StrCat("before", i)});
  index_.PauseGrowth(true);
  for (int i = 0; i < 20000; ++i) Put({1, Space::kKeys, base::StrCat("while", i)});
  EXPECT_EQ(index_.Check(), "");
  index_.PauseGrowth(false);
  for (int i = 0; i < 20000; ++i) Put({1, Space::kKeys, base::StrCat("after", i)});
  for (int i = 0; i < 2000; ++i) index_.Maintain();
  EXPECT_EQ(index_.Check(), "");
}

TEST_F(IndexTest, MemoryComesBack) {
  const size_t empty = index_.memory_bytes();
  EXPECT_LE(empty, 8192u);
  for (int i = 0; i < 40000; ++i) Put({1, Space::kKeys, std::to_string(i)});
  const size_t full = index_.memory_bytes();
  for (int i = 0; i < 40000; ++i) {
    const std::string bytes = std::to_string(i);
    const RootName name{1, Space::kKeys, bytes};
    index_.Erase(name, index_.Hash(name));
  }
  for (int i = 0; i < 10000; ++i) index_.Maintain();
  EXPECT_LT(index_.memory_bytes(), full / 20);
  EXPECT_EQ(index_.Check(), "");
}

TEST_F(IndexTest, UnlinkedMemoryWaitsForReaders) {
  qsbr_.Back(0);
  for (int i = 0; i < 10000; ++i) Put({1, Space::kKeys, std::to_string(i)});
  for (int i = 0; i < 1000; ++i) index_.Maintain();
  const size_t held = index_.memory_bytes();
  qsbr_.TurnOver(0);
  index_.Maintain();
  EXPECT_LT(index_.memory_bytes(), held - 200000);  // arrays that were outgrown
}

TEST_F(IndexTest, GrowsByNoMoreThanIsSaid) {
  std::mt19937_64 random(5);
  for (int batch = 0; batch < 3000; ++batch) {
    const size_t creations = 1 + random() % 40;
    const size_t before = index_.memory_bytes(), bound = index_.GrowthBytes(creations);
    for (size_t i = 0; i < creations; ++i) Put({1, Space::kKeys, std::to_string(random())});
    ASSERT_LE(index_.memory_bytes(), before + bound) << "batch " << batch << " of " << creations;
    index_.Maintain();
  }
}

// Bytes a key over a wide range of sizes: the segments' sizes are spread, so no number of keys is a bad one.
TEST_F(IndexTest, AtMost24BytesAKey) {
  std::mt19937_64 random(1);
  double worst = 0, sum = 0;
  int samples = 0;
  for (size_t keys = 1; keys <= 250'000; ++keys) {
    const uint64_t bits[2] = {random(), random()};
    Put({1, Space::kKeys, {reinterpret_cast<const char*>(bits), sizeof bits}});
    if (keys % 1000 == 0) index_.Maintain();
    if (keys < 100'000 || keys % 5'000 != 0) continue;
    const double bytes = static_cast<double>(index_.memory_bytes()) / static_cast<double>(keys);
    worst = std::max(worst, bytes);
    sum += bytes;
    ++samples;
  }
  RecordProperty("bytes_a_key_mean", std::to_string(sum / samples));
  RecordProperty("bytes_a_key_worst", std::to_string(worst));
  printf("bytes a key: mean %.2f, worst %.2f\n", sum / samples, worst);
  EXPECT_LE(worst, 24.0);
  EXPECT_EQ(index_.Check(), "");
}

TEST_F(IndexTest, AscendingNamesFillTheirLeaves) {
  char name[32];
  for (int i = 0; i < 100'000; ++i) {
    Put({1, Space::kKeys, {name, static_cast<size_t>(snprintf(name, sizeof name, "log/%012d", i))}});
    if (i % 1000 == 0) index_.Maintain();
  }
  printf("bytes a key: %.2f\n", static_cast<double>(index_.memory_bytes()) / 100'000);
  EXPECT_LE(index_.memory_bytes(), 100'000 * 22u);
  EXPECT_EQ(index_.Check(), "");
}

// Random operations against std::map, with names of several shapes and hashes of several sizes.
using Case = std::tuple<int /*hash bits*/, int /*shape*/, bool /*tombstones*/>;
class IndexPropertyTest : public IndexTest, public testing::WithParamInterface<Case> {
 protected:
  using Key = std::tuple<uint32_t, Space, std::string>;
  IndexPropertyTest() : IndexTest(std::get<0>(GetParam())) {}

  Key RandomKey() {
    const uint64_t r = random_() % universe_;
    const auto ns = static_cast<uint32_t>(r % 3 == 0 ? 1 : r % 7 == 0 ? 0x01020304 : 2);
    const Space space = r % 11 == 0 ? Space::kRegions : Space::kKeys;
    switch (std::get<1>(GetParam())) {
      case 0: return {ns, space, std::to_string(r * 0x9e3779b97f4a7c15u)};
      case 1: return {ns, space, base::StrCat("tenant/4711/documents/", r)};
      case 2: return {1, Space::kKeys, std::string(r % 200, 'a' + static_cast<char>(r % 2))};
      default: return {ns, space, std::string(r % 5, '\xff') + std::string(r % 9, '\0') + std::to_string(r)};
    }
  }
  static RootName NameOf(const Key& key) { return {std::get<0>(key), std::get<1>(key), std::get<2>(key)}; }

  void Step() {
    const Key key = RandomKey();
    const RootName name = NameOf(key);
    const uint64_t hash = index_.Hash(name);
    const auto known = model_.find(key);
    const Slot before = known == model_.end() ? Slot() : known->second;
    const uint64_t choice = random_() % 100;
    if (choice < erase_percent_) {
      EXPECT_TRUE(index_.Erase(name, hash).same(before));
      model_.erase(key);
    } else if (choice < 60 && std::get<2>(GetParam())) {
      const Slot slot = records_.Tombstone(name);
      EXPECT_TRUE(index_.Set(name, hash, slot).same(before));
      model_[key] = slot;
    } else if (choice < 90) {
      const Slot slot = choice % 4 == 0 ? records_.InNode(name) : records_.Value(name);
      EXPECT_TRUE(index_.Set(name, hash, slot).same(before));
      model_[key] = slot;
    } else {
      const Index::Found found = index_.Find(name, hash);
      EXPECT_EQ(found.certainty == Index::Certainty::kHit, static_cast<bool>(before));
      EXPECT_TRUE(found.slot.same(before));
      EXPECT_TRUE(index_.Get(name, hash).same(before));
    }
  }

  void CompareLists() {
    const Key from = RandomKey();
    const auto& [ns, space, name] = from;
    const std::string prefix = name.substr(0, random_() % (name.size() + 1) / 2);
    const std::string after = random_() % 2 == 0 ? "" : name;
    Names expected, listed;
    for (auto it = model_.lower_bound({ns, space, ""}); it != model_.end(); ++it) {
      const auto& [other_ns, other_space, other] = it->first;
      if (other_ns != ns || other_space != space) break;
      if (it->second.live() && other.starts_with(prefix) && (after.empty() || other > after)) expected.push_back(other);
    }
    index_.List(ns, space, prefix, after, [&](std::string_view at, Slot slot) {
      EXPECT_TRUE(model_.at({ns, space, std::string(at)}).same(slot));
      listed.emplace_back(at);
      return true;
    });
    ASSERT_EQ(listed, expected);
  }

  std::mt19937_64 random_{7};
  uint64_t universe_ = 0;
  uint64_t erase_percent_ = 0;
  std::map<Key, Slot> model_;
};

TEST_P(IndexPropertyTest, DoesWhatAMapDoes) {
  universe_ = std::get<0>(GetParam()) == 8 ? 1500 : 8000;
  for (const uint64_t erase_percent : {10, 40, 88, 20}) {  // grow, churn, shrink, grow
    erase_percent_ = erase_percent;
    for (int i = 0; i < 10000; ++i) {
      Step();
      if (i % 16 == 0) index_.Maintain();
      if (i % 1000 == 0) CompareLists();
      if (HasFailure()) return;
    }
    ASSERT_EQ(index_.Check(), "");
    EXPECT_EQ(index_.live() + index_.tombstones(), model_.size());
    index_.BeginLoad();
    for (int i = 0; i < 50; ++i) Step();
    index_.EndLoad();
    ASSERT_EQ(index_.Check(), "");
  }
  for (const auto& [key, slot] : std::map(model_)) index_.Erase(NameOf(key), index_.Hash(NameOf(key)));
  EXPECT_EQ(index_.live() + index_.tombstones(), 0u);
  EXPECT_EQ(index_.Check(), "");
}

INSTANTIATE_TEST_SUITE_P(Shapes, IndexPropertyTest,
                         testing::Combine(testing::Values(8, 14, 48), testing::Values(0, 1, 2, 3), testing::Bool()));

}  // namespace
}  // namespace memgrid::storage
