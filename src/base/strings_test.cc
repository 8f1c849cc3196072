#include "base/strings.h"

#include "gtest/gtest.h"

namespace memgrid::base {
namespace {

TEST(StrCat, JoinsEveryKindOfPart) {
  const std::string_view view = "view";
  EXPECT_EQ(
      base::StrCat("literal ", view, " ", std::string("string"), " ", 7, " ", absl::Hex(255), "."),
      "literal view string 7 ff.");
  EXPECT_EQ(base::StrCat(), "");
}

TEST(StringViews, CrossBothWays) {
  EXPECT_EQ(FromAbsl(ToAbsl(std::string_view("a\0b", 3))), std::string_view("a\0b", 3));
}

}  // namespace
}  // namespace memgrid::base
