#include "storage/recovery/wblock_scan.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "storage/record_codec.h"

namespace memgrid::storage {
namespace {

constexpr uint32_t kUnit = 4096;
constexpr uint32_t kSize = 64 << 10;
constexpr uint64_t kLife = uint64_t{1} << 32 | 7;

// Builds a wblock as a stream does: a flush is a mark and records.
class Builder {
 public:
  Builder() : bytes_(kSize, '\x5A') {}

  void BeginFlush(uint32_t durable = 0) {
    flush_ = (at_ + kUnit - 1) & ~(kUnit - 1);
    if (flush_ - at_ >= 8) bytes_.replace(at_, 8, 8, '\0');
    Mark mark;
    mark.incarnation = kLife;
    mark.flushed = at_;
    mark.durable = durable;
    WriteMark(bytes_.data() + flush_, mark, {1, 0, 3, flush_});
    at_ = flush_ + kMarkBytes;
  }
  // Returns its offset.
  uint32_t Add(uint64_t seq, size_t body, bool more = false) {
    const std::string text(body, 'b');
    const std::string_view view = text;
    const uint32_t at = at_;
    WriteRecord(bytes_.data() + at, {Kind::kValue, 0, Space::kKeys, seq, 1, "key", 0}, {&view, 1});
    SealRecord(bytes_.data() + at, more, kLife, at);
    at_ += static_cast<uint32_t>(RecordView(bytes_.data() + at).length());
    return at;
  }
  void Damage(uint32_t from, uint32_t length) { bytes_.replace(from, length, length, '\x77'); }
  uint32_t end() const { return at_; }
  const std::string& bytes() const { return bytes_; }
  WblockScan Scan() const { return ScanWblock(bytes_.data(), kSize, {1, 0, 3, 0}, kUnit); }

  std::vector<uint64_t> Seqs(const WblockScan& scan) const {
    std::vector<uint64_t> seqs;
    ScanWalk walk(bytes_.data(), scan);
    for (auto step = walk.Next(); step != ScanWalk::Step::kEnd; step = walk.Next()) {
      if (step == ScanWalk::Step::kRecord) seqs.push_back(walk.record().seq());
    }
    return seqs;
  }

 private:
  std::string bytes_;
  uint32_t at_ = 0;
  uint32_t flush_ = 0;
};

Builder ThreeFlushes() {
  Builder wblock;
  wblock.BeginFlush();
  wblock.BeginFlush(72);
  wblock.Add(1, 100);
  wblock.Add(2, 3000);
  wblock.BeginFlush(72);
  wblock.Add(3, 10);
  wblock.Add(4, 5000);
  return wblock;
}

TEST(WblockScan, FollowsFlushes) {
  const Builder wblock = ThreeFlushes();
  const WblockScan scan = wblock.Scan();
  EXPECT_TRUE(scan.used);
  EXPECT_EQ(scan.end, wblock.end());
  EXPECT_EQ(scan.marks.size(), 3u);
  EXPECT_TRUE(scan.faults.empty());
  EXPECT_EQ(scan.claimed(), 72u);
  EXPECT_EQ(wblock.Seqs(scan), (std::vector<uint64_t>{1, 2, 3, 4}));
}

TEST(WblockScan, NothingWithoutAMark) {
  EXPECT_FALSE(ScanWblock(std::string(kSize, '\0').data(), kSize, {1, 0, 3, 0}, kUnit).used);
  EXPECT_FALSE(ScanWblock(ThreeFlushes().bytes().data(), kSize, {1, 0, 4, 0}, kUnit).used) << "of another place";
}

TEST(WblockScan, ALostFlushIsAHole) {
  Builder wblock = ThreeFlushes();
  wblock.BeginFlush(72);
  wblock.Add(5, 10);
  wblock.Damage(2 * kUnit, kUnit);  // all of the third flush's first unit
  WblockScan scan = wblock.Scan();
  ASSERT_EQ(scan.faults.size(), 1u);
  EXPECT_EQ(scan.faults[0].kind, Fault::kUnknown);
  EXPECT_EQ(wblock.Seqs(scan), (std::vector<uint64_t>{1, 2, 5}));
  scan.CutAtFault(0);
  EXPECT_EQ(wblock.Seqs(scan), (std::vector<uint64_t>{1, 2}));
}

TEST(WblockScan, AChangedBodyTellsItsRecordAndGoesOn) {
  Builder wblock = ThreeFlushes();
  wblock.Damage(kUnit + kMarkBytes + 144 + 1000, 1);
  const WblockScan scan = wblock.Scan();
  ASSERT_EQ(scan.faults.size(), 1u);
  EXPECT_EQ(scan.faults[0].kind, Fault::kRecord);
  EXPECT_EQ(wblock.Seqs(scan), (std::vector<uint64_t>{1, 3, 4}));
}

TEST(WblockScan, AChangedMarkLosesNoRecords) {
  Builder wblock = ThreeFlushes();
  wblock.Damage(2 * kUnit + 20, 1);
  const WblockScan scan = wblock.Scan();
  ASSERT_EQ(scan.faults.size(), 1u);
  EXPECT_EQ(scan.faults[0].kind, Fault::kMark);
  EXPECT_EQ(wblock.Seqs(scan), (std::vector<uint64_t>{1, 2, 3, 4}));
}

TEST(WblockScan, TheSecondMarkStandsInForTheFirst) {
  Builder wblock = ThreeFlushes();
  wblock.Damage(5, 1);
  const WblockScan scan = wblock.Scan();
  EXPECT_TRUE(scan.used);
  EXPECT_TRUE(scan.header_lost);
  EXPECT_FALSE(scan.first_lost);
  EXPECT_EQ(wblock.Seqs(scan), (std::vector<uint64_t>{1, 2, 3, 4}));
}

TEST(WblockScan, WithoutItsFirstTwoMarksTheLifeIsAGuess) {
  Builder wblock = ThreeFlushes();
  wblock.Damage(5, 1);
  wblock.Damage(kUnit + 5, 1);
  const WblockScan scan = wblock.Scan();
  EXPECT_TRUE(scan.used);
  EXPECT_TRUE(scan.first_lost);
  EXPECT_FALSE(scan.header_lost);
}

TEST(WblockScan, EveryByteMayBeWrong) {
  const Builder good = ThreeFlushes();
  for (uint32_t at = 0; at < good.end(); at += 3) {
    Builder wblock = good;
    wblock.Damage(at, 1);
    const WblockScan scan = wblock.Scan();
    const auto seqs = wblock.Seqs(scan);
    for (size_t i = 1; i < seqs.size(); ++i) EXPECT_LT(seqs[i - 1], seqs[i]);
    // At most one record, or one flush, is not found; and then there is a fault that says so.
    EXPECT_TRUE(seqs.size() == 4 || !scan.faults.empty() || scan.end < good.end()) << "byte " << at;
  }
}

}  // namespace
}  // namespace memgrid::storage
