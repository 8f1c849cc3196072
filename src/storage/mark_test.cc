#include "storage/mark.h"

#include <array>

#include "gtest/gtest.h"

namespace memgrid::storage {
namespace {

constexpr MarkPlace kPlace{.set = 0x12345678, .stripe = 1, .wblock = 42, .offset = 8192};

Mark Example() {
  Mark mark;
  mark.incarnation = uint64_t{3} << 32 | 17;
  mark.shard = 5;
  mark.stream = StreamKind::kSurvivor;
  mark.earlier_durable = true;
  mark.shard_epoch = 2;
  mark.number = 9;
  mark.prior_length = 65528;
  mark.persisted = 100;
  mark.applied = 110;
  mark.last = 109;
  mark.clock_ms = 1'700'000'000'000;
  mark.durable = 4096;
  mark.flushed = 8000;
  return mark;
}

TEST(Mark, ReadsWhatWasWritten) {
  std::array<char, kMarkBytes> bytes;
  WriteMark(bytes.data(), Example(), kPlace);
  const auto mark = ReadMark(bytes.data(), kPlace);
  ASSERT_TRUE(mark.has_value());
  EXPECT_EQ(mark->boot_epoch(), 3u);
  EXPECT_EQ(mark->incarnation, Example().incarnation);
  EXPECT_EQ(mark->shard, 5);
  EXPECT_EQ(mark->stream, StreamKind::kSurvivor);
  EXPECT_TRUE(mark->earlier_durable);
  EXPECT_EQ(mark->number, 9u);
  EXPECT_EQ(mark->prior_length, 65528u);
  EXPECT_EQ(mark->persisted, 100u);
  EXPECT_EQ(mark->applied, 110u);
  EXPECT_EQ(mark->last, 109u);
  EXPECT_EQ(mark->clock_ms, 1'700'000'000'000u);
  EXPECT_EQ(mark->durable, 4096u);
  EXPECT_EQ(mark->flushed, 8000u);
}

TEST(Mark, EveryFlippedBitIsFound) {
  std::array<char, kMarkBytes> good;
  WriteMark(good.data(), Example(), kPlace);
  for (size_t bit = 0; bit < good.size() * 8; ++bit) {
    auto bytes = good;
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << bit % 8));
    EXPECT_FALSE(ReadMark(bytes.data(), kPlace).has_value()) << "bit " << bit;
  }
}

TEST(Mark, WrittenElsewhereItDoesNotPass) {
  std::array<char, kMarkBytes> bytes;
  WriteMark(bytes.data(), Example(), kPlace);
  for (MarkPlace other : {MarkPlace{1, 1, 42, 8192}, MarkPlace{0x12345678, 0, 42, 8192}, MarkPlace{0x12345678, 1, 43, 8192},
                          MarkPlace{0x12345678, 1, 42, 4096}}) {
    EXPECT_FALSE(ReadMark(bytes.data(), other).has_value());
  }
}

}  // namespace
}  // namespace memgrid::storage
