#include "base/units.h"

#include <limits>

#include "gtest/gtest.h"

namespace memgrid::base {
namespace {

TEST(ParseBytes, TakesWhatPeopleWrite) {
  EXPECT_EQ(*ParseBytes("0"), 0u);
  EXPECT_EQ(*ParseBytes("4096"), 4096u);
  EXPECT_EQ(*ParseBytes("64k"), 64 * kKiB);
  EXPECT_EQ(*ParseBytes("8M"), 8 * kMiB);
  EXPECT_EQ(*ParseBytes("4G"), 4 * kGiB);
  EXPECT_EQ(*ParseBytes("2TiB"), 2 * kTiB);
  EXPECT_EQ(*ParseBytes("1gb"), kGiB);
  EXPECT_EQ(*ParseBytes("7B"), 7u);
  EXPECT_EQ(*ParseBytes("9223372036854775807"), uint64_t{std::numeric_limits<int64_t>::max()});
  EXPECT_EQ(*ParseBytes("8388607T"), 8388607 * kTiB);
}

TEST(ParseBytes, RefusesTheRestAndSaysWhatIsAllowed) {
  for (const char* text : {"", "G", "-1", "+1", "1.5G", " 1", "1 G", "1X", "1KK", "1iB", "0x10",
                           "9223372036854775808", "8388608T", "99999999999999999999999", "1\n"}) {
    const auto parsed = ParseBytes(text);
    ASSERT_FALSE(parsed.ok()) << text;
    EXPECT_EQ(parsed.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_NE(parsed.status().ToString().find("K, M, G or T"), std::string::npos);
  }
}

TEST(ExactBytes, ReadsBackAsItWas) {
  for (const uint64_t bytes : {uint64_t{0}, uint64_t{1}, uint64_t{1000}, kKiB, 3 * kMiB + kKiB,
                               4 * kGiB, 2048 * kTiB, (uint64_t{1} << 63) - 1}) {
    EXPECT_EQ(*ParseBytes(ExactBytes(bytes)), bytes);
  }
  EXPECT_EQ(ExactBytes(4 * kGiB), "4G");
  EXPECT_EQ(ExactBytes(1536 * kMiB), "1536M");
  EXPECT_EQ(ExactBytes(1000), "1000");
}

TEST(FormatBytes, ThreeDigitsAndAUnit) {
  EXPECT_EQ(FormatBytes(0), "0 B");
  EXPECT_EQ(FormatBytes(1023), "1023 B");
  EXPECT_EQ(FormatBytes(1024), "1.00 KiB");
  EXPECT_EQ(FormatBytes(1024 * 1024 - 1), "1.00 MiB");
  EXPECT_EQ(FormatBytes(1023 * kMiB), "1023 MiB");
  EXPECT_EQ(FormatBytes(15 * kGiB + 300 * kMiB), "15.3 GiB");
  EXPECT_EQ(FormatBytes(5 * 1024 * kTiB), "5120 TiB");
}

}  // namespace
}  // namespace memgrid::base
