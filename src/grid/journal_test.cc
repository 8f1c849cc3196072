#include "grid/journal.h"

#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace memgrid::grid {
namespace {

constexpr auto kKeys = storage::Space::kKeys;

TEST(JournalTest, OtherNamesAreNoConcern) {
  Journal journal(1, kKeys, "p", "pm");
  journal.Note(2, kKeys, "pz", true);
  journal.Note(1, storage::Space::kRegions, "pz", true);
  journal.Note(1, kKeys, "qz", true);
  journal.Note(1, kKeys, "pa", true);  // visited already
  EXPECT_EQ(journal.NextRemoved("p"), "");
  journal.Note(1, kKeys, "pz", true);
  EXPECT_EQ(journal.NextRemoved("p"), "pz");
}

TEST(JournalTest, TheFirstChangeTellsOfTheStart) {
  Journal journal(1, kKeys, "", "");
  journal.Note(1, kKeys, "made", false);
  journal.Note(1, kKeys, "made", true);  // and removed
  journal.Note(1, kKeys, "gone", true);
  journal.Note(1, kKeys, "gone", false);  // and made again
  EXPECT_FALSE(journal.WasThere("made"));
  EXPECT_TRUE(journal.WasThere("gone"));
  EXPECT_TRUE(journal.WasThere("untouched"));
}

TEST(JournalTest, TooManyChangesBreakIt) {
  Journal journal(1, kKeys, "", "");
  for (size_t i = 0; i < Journal::kMostEntries; ++i)
    journal.Note(1, kKeys, std::to_string(i), false);
  EXPECT_FALSE(journal.broken());
  journal.Note(1, kKeys, "one more", false);
  EXPECT_TRUE(journal.broken());
}

// Whatever happens between the slices, tree − made + removed is the state at the start.
TEST(JournalTest, SlicesGiveTheStateAtTheStart) {
  std::mt19937 random(3);
  for (int round = 0; round < 300; ++round) {
    std::set<std::string> names;
    for (int i = 0; i < 60; ++i) names.insert(std::to_string(random() % 100));
    const std::vector<std::string> start(names.begin(), names.end());
    Journal journal(1, kKeys, "", "");
    std::vector<std::string> seen;
    std::string position;
    while (true) {
      for (int i = 0; i < 10; ++i) {
        const std::string name = std::to_string(random() % 100);
        const bool there = names.contains(name);
        journal.Note(1, kKeys, name, there);
        if (there) {
          names.erase(name);
        } else {
          names.insert(name);
        }
      }
      // One name at a time, from the tree or the journal, whichever is next.
      const auto at = names.upper_bound(position);
      const std::string_view removed = journal.NextRemoved(position);
      if (at == names.end() && removed.empty()) break;
      const bool from_tree = at != names.end() && (removed.empty() || *at <= removed);
      const std::string next(from_tree ? *at : removed);
      if (journal.WasThere(next)) seen.push_back(next);
      position = next;
      journal.Advance(position);
    }
    ASSERT_EQ(seen, start) << round;
  }
}

}  // namespace
}  // namespace memgrid::grid
