#include "base/check.h"

#include "gtest/gtest.h"

namespace memgrid::base {
namespace {

TEST(CheckDeathTest, SaysWhatItSaw) {
  const int used = 7;
  EXPECT_DEATH(MEMGRID_CHECK(used < 5, "used ", used, " of ", 5),
               "check_test.cc:[0-9]+: check failed: used < 5: used 7 of 5");
  EXPECT_DEATH(MEMGRID_CHECK(used < 5), "check failed: used < 5\n");
}

TEST(Check, TheTextIsMadeOnlyOnFailure) {
  int made = 0;
  const auto text = [&made] { return ++made; };
  MEMGRID_CHECK(true, text());
  MEMGRID_DCHECK(true, text());
  EXPECT_EQ(made, 0);
}

}  // namespace
}  // namespace memgrid::base
