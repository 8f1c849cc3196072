#include "storage/shadow/stripe_header.h"

#include <string>

#include "gtest/gtest.h"

namespace memgrid::storage {
namespace {

StripeHeader Example() {
  StripeHeader header;
  header.uuid.fill('u');
  header.stripe = 1;
  header.stripes = 2;
  header.shards = 3;
  header.wblocks = 64;
  header.generation = 12;
  header.boot_epoch = 4;
  header.highest = 63;
  header.seed = {1, 2};
  header.created_ms = 1'700'000'000'000;
  header.table.resize(3);
  header.table[1].cuts = {{1, 10}, {3, 1000}};
  header.table[2].cuts.assign(kMaxCuts, Cut{2, 20});
  return header;
}

std::string Written(const StripeHeader& header) {
  std::string bytes(kStripeHeaderBytes * 2, 'x');
  WriteStripeHeader(header, bytes.data(), bytes.size());
  return bytes;
}

TEST(StripeHeader, ReadsWhatWasWritten) {
  StripeHeader header;
  uint16_t major = 0;
  ASSERT_EQ(ReadStripeHeader(Written(Example()), &header, &major), HeaderFound::kGood);
  EXPECT_TRUE(header == Example());
}

TEST(StripeHeader, EveryFlippedBitIsFound) {
  const std::string good = Written(Example());
  const size_t used = kStripeHeaderBytes + 3 * kShardEntryBytes;
  for (size_t bit = 0; bit < used * 8; ++bit) {
    std::string bytes = good;
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << bit % 8));
    StripeHeader header;
    uint16_t major = 0;
    const HeaderFound want = bit < 64 ? HeaderFound::kForeign : HeaderFound::kChecksum;
    EXPECT_EQ(ReadStripeHeader(bytes, &header, &major), want) << "bit " << bit;
  }
}

TEST(StripeHeader, TellsBlankAndForeign) {
  StripeHeader header;
  uint16_t major = 0;
  EXPECT_EQ(ReadStripeHeader(std::string(8192, '\0'), &header, &major), HeaderFound::kBlank);
  EXPECT_EQ(ReadStripeHeader(std::string(8192, 'z'), &header, &major), HeaderFound::kForeign);
  EXPECT_EQ(ReadStripeHeader("MGSTRIPE", &header, &major), HeaderFound::kForeign);
}

// An entry that an older copy left behind does not pass for this one's.
TEST(StripeHeader, EntriesBelongToTheirGeneration) {
  StripeHeader newer = Example();
  newer.generation = 13;
  std::string bytes = Written(newer);
  const std::string older = Written(Example());
  bytes.replace(kStripeHeaderBytes, kShardEntryBytes, older, kStripeHeaderBytes, kShardEntryBytes);
  StripeHeader header;
  uint16_t major = 0;
  EXPECT_EQ(ReadStripeHeader(bytes, &header, &major), HeaderFound::kChecksum);
}

}  // namespace
}  // namespace memgrid::storage
