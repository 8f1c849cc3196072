#include "storage/region/region.h"

#include <map>
#include <string>

#include "gtest/gtest.h"
#include "storage/testing/part_arena.h"

namespace memgrid::storage {
namespace {

constexpr size_t kMaxRecord = 128u << 10;
constexpr uint64_t kMiB = uint64_t{1} << 20;
constexpr uint64_t kTiB = uint64_t{1} << 40;

// Counts live bytes of records.
class Ledger : public DeathSink {
 public:
  void Add(const char* record) { live_[record] = RecordView(record).length(); }
  void OnDeath(const char* record, size_t bytes, uint64_t) override {
    ASSERT_GE(live_[record], bytes);
    live_[record] -= bytes;
  }
  size_t live(const char* record) const { return live_.at(record); }
  size_t live() const {
    size_t sum = 0;
    for (const auto& [record, bytes] : live_) sum += bytes;
    return sum;
  }

 private:
  std::map<const char*, size_t> live_;
};

class RegionTest : public ::testing::Test {
 protected:
  std::vector<const char*> Publish(const RegionChange& change) {
    std::vector<const char*> addresses;
    ++seq_;
    for (const PartRecord& part : change.records) {
      addresses.push_back(arena_.Append(part, seq_));
      EXPECT_EQ(part.length(), RecordView(addresses.back()).length());
      EXPECT_TRUE(ValidPart(RecordView(addresses.back())));
      ledger_.Add(addresses.back());
    }
    region_.Publish(change, addresses, seq_);
    memory_.Collect();
    return addresses;
  }
  std::vector<const char*> Write(uint64_t offset, std::string_view data) {
    return Publish(region_.PlanWrite(offset, data, kMaxRecord));
  }
  std::vector<const char*> Resize(uint64_t size) { return Publish(region_.PlanResize(size)); }

  std::string Read(uint64_t offset, uint64_t length) {
    base::Payload out;
    RegionMeta meta;
    const Region::Outcome outcome = region_.Read(offset, length, out, meta);
    slices_ = out.slices.size();
    if (outcome == Region::Outcome::kOutOfRange) return "out of range";
    if (outcome == Region::Outcome::kAskOwner) return "ask the owner";
    std::string all;
    for (std::string_view slice : out.slices) all.append(slice);
    EXPECT_EQ(all.size(), out.size);
    return all;
  }

  base::Qsbr qsbr_{1};
  TableMemory memory_{qsbr_};
  Ledger ledger_;
  testing::PartArena arena_{1};
  uint64_t seq_ = 1;
  size_t slices_ = 0;
  Region region_{RegionMeta{.id = 1, .size = kTiB, .version = 1}, memory_, ledger_};
};

TEST_F(RegionTest, NeverWrittenReadsAsZerosAndCostsNothing) {
  EXPECT_EQ(Read(kTiB - 5000, 5000), std::string(5000, '\0'));
  EXPECT_EQ(Read(kTiB, 0), "");
  EXPECT_LT(sizeof(Region) + region_.memory_bytes(), 200u);
}

TEST_F(RegionTest, RangesPastTheSizeAreRefused) {
  EXPECT_EQ(Read(kTiB, 1), "out of range");
  EXPECT_EQ(Read(kTiB + 1, 0), "out of range");
  EXPECT_EQ(Read(~uint64_t{0}, 1), "out of range");
  EXPECT_EQ(Read(~uint64_t{0} - 10, kMaxRegionRead), "out of range");
}

TEST_F(RegionTest, AWriteBehindTheSizeGrowsIt) {
  Write(kTiB + 10, "end");
  EXPECT_EQ(region_.Describe().size, kTiB + 13);
  EXPECT_EQ(Read(kTiB + 8, 5), std::string("\0\0end", 5));
}

TEST_F(RegionTest, TheLastByteThereCanBeCostsOneLeaf) {
  Resize(kMaxRegionBytes);
  Write(kMaxRegionBytes - 1, "x");
  EXPECT_LE(region_.memory_bytes(), 2 * 4096u + 512);
  EXPECT_EQ(Read(kMaxRegionBytes - 2, 2), std::string("\0x", 2));
  Write(0, "y");
  EXPECT_LE(region_.memory_bytes(), 3 * 4096u + 1024);
  EXPECT_EQ(Read(0, 2), std::string("y\0", 2));
  EXPECT_EQ(Read(kMaxRegionBytes - 1, 1), "x");
}

TEST_F(RegionTest, OnePageInEachGiBCostsALeafEach) {
  const std::string page(kPageBytes, 'p');
  for (uint64_t at = 0; at < kTiB; at += 1024 * kMiB) Write(at, page);
  EXPECT_LE(region_.memory_bytes(), 8 * kMiB);
  EXPECT_EQ(region_.touched_pages(), 1024u);
}

TEST_F(RegionTest, ADenseTableIsTwoThousandths) {
  const std::string chunk(16 * kMiB, 'd');
  for (uint64_t at = 0; at < 64 * kMiB; at += chunk.size()) Write(at, chunk);
  EXPECT_LE(region_.memory_bytes(), 64 * kMiB / 490);
}

TEST_F(RegionTest, NeighboursInOneRecordLeaveAsOneSlice) {
  const std::string data(40 * kPageBytes, 'a');
  EXPECT_EQ(Write(0, data).size(), 2u);  // 31 pages a record of 128 KiB
  EXPECT_EQ(Read(100, data.size() - 200), std::string(data.size() - 200, 'a'));
  EXPECT_EQ(slices_, 2u);
}

TEST_F(RegionTest, SmallWritesBecomePatchesAndTheSeventeenthFolds) {
  Write(0, std::string(kPageBytes, '.'));
  std::vector<const char*> patches;
  for (int i = 0; i < 16; ++i) {
    const auto at = Write(i * 100, "patch");
    ASSERT_EQ(at.size(), 1u);
    EXPECT_EQ(RecordView(at[0]).flags(), kPatch);
    EXPECT_EQ(RecordView(at[0]).length(), 48u);
    patches.push_back(at[0]);
  }
  EXPECT_EQ(ledger_.live(), 4136 + 16 * 48u);
  EXPECT_EQ(Read(99, 7), ".patch.");
  const auto folded = Write(4000, "last");
  EXPECT_EQ(RecordView(folded[0]).length(), 4136u);
  EXPECT_EQ(ledger_.live(), 4136u);
  EXPECT_EQ(Read(1499, 7), ".patch.");
  EXPECT_EQ(Read(3999, 6), ".last.");
}

TEST_F(RegionTest, PatchBytesBeyondTwoThousandFold) {
  Write(0, std::string(1500, 'a'));
  Write(1000, std::string(548, 'b'));
  EXPECT_EQ(RecordView(Write(3000, "c")[0]).length(), 4136u);
  EXPECT_EQ(Read(999, 2), "ab");
  EXPECT_EQ(Read(1547, 2), std::string("b\0", 2));
}

TEST_F(RegionTest, LargePartsAreWrittenAsWholePages) {
  EXPECT_EQ(RecordView(Write(5000, std::string(2048, 'a'))[0]).length(), 4136u);
  EXPECT_EQ(RecordView(Write(10000, std::string(2047, 'a'))[0]).flags(), kPatch);
}

TEST_F(RegionTest, APatchReadAloneIsNotCopied) {
  const char* const at = Write(100, "patch")[0];
  base::Payload out;
  RegionMeta meta;
  ASSERT_EQ(region_.Read(101, 3, out, meta), Region::Outcome::kOk);
  EXPECT_EQ(out.slices[0].data(), at + kPartHeaderBytes + 1);
  EXPECT_EQ(out.owned, nullptr);
}

TEST_F(RegionTest, DataLengthIsTheEndOfTheHighestByteWrittenCutByAShrink) {
  Write(10, "0123456789");
  EXPECT_EQ(region_.Describe().data_length, 20u);
  Write(0, "x");
  EXPECT_EQ(region_.Describe().data_length, 20u);
  Resize(15);
  EXPECT_EQ(region_.Describe().data_length, 15u);
  Resize(1000);
  EXPECT_EQ(region_.Describe().data_length, 15u);
  EXPECT_EQ(Read(10, 10), std::string("01234\0\0\0\0\0", 10));
}

TEST_F(RegionTest, AFoldAtTheEndOfTheDataWantsAMetaRecord) {
  EXPECT_FALSE(region_.PlanWrite(0, std::string(2047, 'a'), kMaxRecord).meta_record);
  EXPECT_TRUE(region_.PlanWrite(0, std::string(2048, 'a'), kMaxRecord).meta_record);
  EXPECT_FALSE(region_.PlanWrite(0, std::string(4096, 'a'), kMaxRecord).meta_record);
  EXPECT_FALSE(region_.PlanWrite(0, std::string(4196, 'a'), kMaxRecord).meta_record);
}

TEST_F(RegionTest, AShrinkWithNothingToLoseNeedsNoHole) {
  Write(0, "x");
  EXPECT_TRUE(region_.PlanResize(1).records.empty());
  EXPECT_TRUE(region_.PlanResize(1).meta_record);
}

TEST_F(RegionTest, AnOlderHoleBehindANewOneIsDead) {
  Write(0, std::string(100, 'a'));
  const char* const first = Resize(50).back();
  Resize(100);
  Write(60, "b");
  const char* const second = Resize(55).back();
  EXPECT_EQ(ledger_.live(first), 48u);
  EXPECT_EQ(ledger_.live(second), 48u);
  Resize(100);
  Write(60, "b");
  Resize(40);
  EXPECT_EQ(ledger_.live(first), 0u);
  EXPECT_EQ(ledger_.live(second), 0u);
}

TEST_F(RegionTest, ALargeShrinkIsReleasedInSlices) {
  const std::string chunk(16 * kMiB, 'd');
  for (uint64_t at = 0; at < 64 * kMiB; at += chunk.size()) Write(at, chunk);
  Resize(5);
  EXPECT_EQ(Read(0, 5), "ddddd");
  Resize(kTiB);
  EXPECT_EQ(Read(0, 10), std::string("ddddd\0\0\0\0\0", 10));
  int slices = 1;
  for (; !region_.Sweep(1000); ++slices) memory_.Collect();
  EXPECT_GT(slices, 5);
  memory_.Collect();
  EXPECT_EQ(ledger_.live(), 4136 + 48u);
  EXPECT_EQ(region_.touched_pages(), 1u);
  EXPECT_LE(region_.memory_bytes(), 3 * 4096u);
  EXPECT_LE(memory_.bytes(), region_.memory_bytes());
}

TEST_F(RegionTest, FreeReportsEveryByteOnce) {
  Write(100, std::string(100000, 'a'));
  Write(200, "patch");
  Resize(5000);
  region_.Free(0);
  EXPECT_EQ(Read(0, 1), "ask the owner");
  while (!region_.Sweep(1)) {
  }
  EXPECT_EQ(ledger_.live(), 0u);
  EXPECT_EQ(region_.touched_pages(), 0u);
}

TEST_F(RegionTest, FoldingByDefragWaitsForWhatIsRecordedAndForTheEndOfTheData) {
  Write(4096, "next page");
  const char* const patch = Write(10, "patch")[0];
  const uint64_t newest = seq_;
  RegionChange fold;
  uint64_t fold_seq = 0;
  EXPECT_FALSE(region_.PlanFold(0, newest - 1, &fold, &fold_seq));
  EXPECT_FALSE(region_.PlanFold(4096, newest, &fold, &fold_seq));  // holds the end
  EXPECT_FALSE(region_.PlanFold(8192, newest, &fold, &fold_seq));  // nothing there
  ASSERT_TRUE(region_.PlanFold(0, newest, &fold, &fold_seq));
  EXPECT_EQ(fold_seq, newest);
  const char* const page = arena_.Append(fold.records[0], fold_seq);
  ledger_.Add(page);
  region_.PublishFold(fold, page, fold_seq);
  EXPECT_EQ(ledger_.live(patch), 0u);
  EXPECT_EQ(region_.LiveBytes(RecordView(page)), 4136u);
  EXPECT_EQ(Read(9, 7), std::string("\0patch\0", 7));
}

TEST_F(RegionTest, PartsOfImpossibleSizesAreRefused) {
  PartRecord part;
  part.offset = 4096;
  part.bytes.push_back("not a page");
  EXPECT_FALSE(ValidPart(RecordView(arena_.Append(part, 2))));
  part.flags = kPatch;
  EXPECT_TRUE(ValidPart(RecordView(arena_.Append(part, 2))));
  part.offset = 4096 + 4090;
  EXPECT_FALSE(ValidPart(RecordView(arena_.Append(part, 2))));
  part.offset = ~uint64_t{0} - 5;
  EXPECT_FALSE(ValidPart(RecordView(arena_.Append(part, 2))));
  PartRecord hole;
  hole.kind = Kind::kHole;
  hole.offset = 5;
  hole.hole_length = 7;
  EXPECT_FALSE(ValidPart(RecordView(arena_.Append(hole, 2))));
}

TEST(RegionBound, CoversWhatIsPlannedAndDoesNotOverflow) {
  size_t records;
  uint64_t bytes;
  Region::Bound(~uint64_t{0}, ~uint64_t{0}, kMaxRecord, &records, &bytes);
  EXPECT_EQ(bytes, ~uint64_t{0});
  Region::Bound(5, 0, kMaxRecord, &records, &bytes);
  EXPECT_EQ(bytes, 0u);
  Region::Bound(0, kMaxRegionBytes, kMaxRecord, &records, &bytes);
  EXPECT_GT(bytes, kMaxRegionBytes);
}

}  // namespace
}  // namespace memgrid::storage
