#include "base/hash.h"

#include <array>
#include <bit>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace memgrid::base {
namespace {

std::array<char, 16> Seed(char fill) {
  std::array<char, 16> seed;
  seed.fill(fill);
  return seed;
}

TEST(HashKey, ValuesArePartOfTheContract) {
  const HashKey key(Seed('k'));
  EXPECT_EQ(key.Hash("memgrid"), HashKey(Seed('k')).Hash("memgrid"));
  EXPECT_EQ(key.Hash(""), 0xc80eae618e72e3c6u);
  EXPECT_EQ(key.Hash("memgrid"), 0xd4422a40075ff4f2u);
  EXPECT_EQ(key.Hash(std::string(1024, 'n')), 0xbbd79f180046fa3bu);
}

TEST(HashKey, EveryByteOfTheSeedCounts) {
  std::set<uint64_t> seen;
  for (int i = 0; i < 16; ++i) {
    std::array<char, 16> seed = Seed('k');
    seed[i] ^= 1;
    seen.insert(HashKey(seed).Hash("name"));
  }
  seen.insert(HashKey(Seed('k')).Hash("name"));
  EXPECT_EQ(seen.size(), 17u);
}

TEST(HashKey, SpreadsSimilarNames) {
  const HashKey key(Seed(0));
  constexpr int kBuckets = 1024, kNames = 102'400;
  std::vector<int> low(kBuckets), high(kBuckets);
  for (int i = 0; i < kNames; ++i) {
    const uint64_t hash = key.Hash(absl::StrCat("user:", i));
    ++low[hash % kBuckets];
    ++high[hash >> 54];
  }
  for (int b = 0; b < kBuckets; ++b) {  // mean 100, standard deviation 10
    EXPECT_GT(low[b], 40);
    EXPECT_LT(low[b], 170);
    EXPECT_GT(high[b], 40);
    EXPECT_LT(high[b], 170);
  }
}

}  // namespace
}  // namespace memgrid::base
