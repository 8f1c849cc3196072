#include "base/crc32c.h"

#include <string>

#include "gtest/gtest.h"

namespace memgrid::base {
namespace {

TEST(Crc32c, KnownVectors) {
  // RFC 3720 appendix B.4, and the usual check value.
  EXPECT_EQ(Crc32c(0, "123456789"), 0xe3069283u);
  EXPECT_EQ(Crc32c(0, ""), 0u);
  EXPECT_EQ(Crc32c(0, std::string(32, '\0')), 0x8a9136aau);
  EXPECT_EQ(Crc32c(0, std::string(32, '\xff')), 0x62a8ab43u);
  std::string rising(32, '\0');
  for (size_t i = 0; i < rising.size(); ++i) rising[i] = static_cast<char>(i);
  EXPECT_EQ(Crc32c(0, rising), 0x46dd794eu);
}

TEST(Crc32c, ContinuesAtEverySplit) {
  std::string data;
  for (int i = 0; i < 517; ++i) data.push_back(static_cast<char>(i * 31 + 7));
  const uint32_t whole = Crc32c(0x12345678, data);
  for (size_t split = 0; split <= data.size(); ++split) {
    const std::string_view view = data;
    EXPECT_EQ(Crc32c(Crc32c(0x12345678, view.substr(0, split)), view.substr(split)), whole);
  }
}

TEST(Crc32c, SeedBindsTheContext) { EXPECT_NE(Crc32c(1, "same bytes"), Crc32c(2, "same bytes")); }

TEST(Crc32c, EverySingleBitCounts) {
  std::string data(64, 'x');
  const uint32_t whole = Crc32c(0, data);
  for (size_t bit = 0; bit < data.size() * 8; ++bit) {
    data[bit / 8] ^= static_cast<char>(1 << (bit % 8));
    EXPECT_NE(Crc32c(0, data), whole);
    data[bit / 8] ^= static_cast<char>(1 << (bit % 8));
  }
}

}  // namespace
}  // namespace memgrid::base
