#include "storage/record_codec.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace memgrid::storage {
namespace {

std::string Make(const RecordHead& head, std::string_view body, bool more, uint64_t incarnation, uint32_t offset) {
  std::string bytes(RecordBytes(head.key.size(), head.expiry_ms != 0, body.size()), '\xAA');
  WriteRecord(bytes.data(), head, {&body, 1});
  SealRecord(bytes.data(), more, incarnation, offset);
  return bytes;
}

const RecordHead kHead{Kind::kValue, 0, Space::kRegions, 77, 5, "a key", 123456};

TEST(RecordCodec, ReadsWhatWasWritten) {
  const std::string bytes = Make(kHead, "a body", true, 9, 72);
  ASSERT_EQ(CheckRecord(bytes.data(), bytes.size(), 9, 72), RecordCheck::kGood);
  const RecordView record(bytes.data());
  EXPECT_EQ(record.length(), bytes.size());
  EXPECT_EQ(record.kind(), Kind::kValue);
  EXPECT_EQ(record.seq(), 77u);
  EXPECT_EQ(record.ns(), 5u);
  EXPECT_EQ(record.space(), Space::kRegions);
  EXPECT_EQ(record.key(), "a key");
  EXPECT_EQ(record.body(), "a body");
  EXPECT_EQ(record.expiry_ms(), 123456u);
  EXPECT_TRUE(record.more());
}

TEST(RecordCodec, LengthsOfAHundredByteValue) {
  EXPECT_EQ(RecordBytes(16, false, 100), 144u);
  EXPECT_EQ(RecordBytes(0, false, 0), 24u);
}

TEST(RecordCodec, AnotherLifeOrPlaceDoesNotPass) {
  const std::string bytes = Make(kHead, "a body", false, 9, 72);
  EXPECT_EQ(CheckRecord(bytes.data(), bytes.size(), 10, 72), RecordCheck::kBad);
  EXPECT_EQ(CheckRecord(bytes.data(), bytes.size(), 9, 80), RecordCheck::kBad);
  EXPECT_EQ(CheckRecord(bytes.data(), bytes.size(), uint64_t{1} << 32 | 9, 72), RecordCheck::kBad);
}

// A changed body still tells whose it was; a changed head tells nothing.
TEST(RecordCodec, EveryFlippedBitIsFound) {
  const std::string good = Make(kHead, "a body", false, 9, 72);
  const size_t head_end = kRecordHeaderBytes + 8 + kHead.key.size();
  for (size_t bit = 0; bit < good.size() * 8; ++bit) {
    std::string bytes = good;
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << bit % 8));
    const RecordCheck check = CheckRecord(bytes.data(), bytes.size(), 9, 72);
    const size_t at = bit / 8;
    const bool in_head = (at >= 4 && at < kRecordHeaderBytes) || (at >= kRecordHeaderBytes + 8 && at < head_end);
    EXPECT_EQ(check, in_head ? RecordCheck::kBad : RecordCheck::kBadBody) << "bit " << bit;
  }
}

TEST(RecordCodec, NeverReadsPastTheEnd) {
  const std::string good = Make(kHead, std::string(200, 'b'), false, 9, 72);
  for (size_t size = 0; size < good.size(); ++size) {
    const std::vector<char> part(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(size));
    EXPECT_EQ(CheckRecord(part.data(), part.size(), 9, 72), RecordCheck::kBad);
  }
}

}  // namespace
}  // namespace memgrid::storage
