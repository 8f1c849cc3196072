#include "base/utf8.h"

#include <string>

#include "gtest/gtest.h"

namespace memgrid::base {
namespace {

// Encodes any number of up to 21 bits as UTF-8 would, allowed or not.
std::string Encode(uint32_t point, int length) {
  std::string out(length, '\0');
  for (int i = length - 1; i > 0; --i, point >>= 6) out[i] = static_cast<char>(0x80 | (point & 63));
  constexpr unsigned char kLead[] = {0, 0, 0xc0, 0xe0, 0xf0};
  out[0] = static_cast<char>(kLead[length] | point);
  return out;
}

TEST(Utf8, TakesEveryScalarValueInItsShortestForm) {
  for (uint32_t point = 1; point <= 0x10ffff; ++point) {
    const int length = point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    const bool surrogate = point >= 0xd800 && point <= 0xdfff;
    ASSERT_EQ(IsUtf8WithoutNul(Encode(point, length)), !surrogate) << point;
  }
}

TEST(Utf8, RefusesOverlongForms) {
  for (uint32_t point = 0; point < 0x80; ++point) {
    EXPECT_FALSE(IsUtf8WithoutNul(Encode(point, 2)));
  }
  for (uint32_t point = 0; point < 0x800; ++point) {
    EXPECT_FALSE(IsUtf8WithoutNul(Encode(point, 3)));
  }
  for (uint32_t point = 0; point < 0x10000; point += 7) {
    EXPECT_FALSE(IsUtf8WithoutNul(Encode(point, 4)));
  }
}

TEST(Utf8, RefusesNumbersPastTheEndAndStrayBytes) {
  EXPECT_FALSE(IsUtf8WithoutNul(Encode(0x110000, 4)));
  EXPECT_FALSE(IsUtf8WithoutNul("\x80"));
  EXPECT_FALSE(IsUtf8WithoutNul("abc\xff"));
  EXPECT_FALSE(IsUtf8WithoutNul("\xe2\x82"));
  EXPECT_FALSE(IsUtf8WithoutNul("\xe2(\xa1"));
  EXPECT_FALSE(IsUtf8WithoutNul("\xf0\x9f\x98"));
}

TEST(Utf8, FindsABadByteAtEveryPlaceOfALongName) {
  for (size_t at = 0; at < 40; ++at) {
    std::string name(40, 'a');
    EXPECT_TRUE(IsUtf8WithoutNul(name));
    name[at] = '\0';
    EXPECT_FALSE(IsUtf8WithoutNul(name)) << at;
    name[at] = '\x80';
    EXPECT_FALSE(IsUtf8WithoutNul(name)) << at;
    name[at] = '\x01';
    EXPECT_TRUE(IsUtf8WithoutNul(name)) << at;
  }
  EXPECT_TRUE(IsUtf8WithoutNul(""));
  EXPECT_TRUE(IsUtf8WithoutNul("naïve, 数据, 😀, and some more ASCII"));
}

}  // namespace
}  // namespace memgrid::base
