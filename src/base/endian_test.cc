#include "base/endian.h"

#include <string>
#include <string_view>

#include "gtest/gtest.h"

namespace memgrid::base {
namespace {

TEST(Endian, LittleEndianAtAnyAlignment) {
  char buffer[16] = {};
  for (int at = 0; at < 8; ++at) {
    StoreLe64(buffer + at, 0x0123456789abcdefu);
    EXPECT_EQ(LoadLe64(buffer + at), 0x0123456789abcdefu);
    EXPECT_EQ(static_cast<unsigned char>(buffer[at]), 0xef);
    EXPECT_EQ(LoadLe32(buffer + at), 0x89abcdefu);
    EXPECT_EQ(LoadLe16(buffer + at), 0xcdefu);
    EXPECT_EQ(LoadLe<uint8_t>(buffer + at), 0xefu);
  }
}

TEST(Endian, StoresTouchOnlyTheirOwnBytes) {
  char buffer[8] = {};
  StoreLe32(buffer + 2, 0xffffffffu);
  StoreLe16(buffer + 3, 0);
  EXPECT_EQ(std::string_view(buffer, 8), std::string_view("\0\0\xff\0\0\xff\0\0", 8));
}

TEST(Endian, BigEndianBytesSortAsNumbers) {
  const uint64_t numbers[] = {0, 1, 255, 256, 0xffffffff, 0x100000000, ~uint64_t{0}};
  std::string last;
  for (const uint64_t number : numbers) {
    std::string bytes(8, '\0');
    StoreBe64(bytes.data(), number);
    EXPECT_EQ(LoadBe64(bytes.data()), number);
    EXPECT_LT(last, bytes);
    last = bytes;
  }
  char small[4];
  StoreBe32(small, 0x01020304);
  EXPECT_EQ(std::string_view(small, 4), "\x01\x02\x03\x04");
  EXPECT_EQ(LoadBe32(small), 0x01020304u);
}

}  // namespace
}  // namespace memgrid::base
