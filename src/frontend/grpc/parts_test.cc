// The small parts of the layer, each through its own contract.

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "base/status.h"
#include "frontend/grpc/block_pool.h"
#include "frontend/grpc/frame_scanner.h"
#include "frontend/grpc/gzip.h"
#include "frontend/grpc/message_reader.h"
#include "frontend/grpc/protocol.h"
#include "frontend/grpc/request_head.h"
#include "frontend/grpc/status_map.h"
#include "frontend/grpc/testing/raw_client.h"
#include "frontend/grpc/token_bucket.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace memgrid::frontend::grpc {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

TEST(ProtocolTest, Timeouts) {
  EXPECT_EQ(ParseTimeout("1H"), hours(1));
  EXPECT_EQ(ParseTimeout("2M"), std::chrono::minutes(2));
  EXPECT_EQ(ParseTimeout("3S"), seconds(3));
  EXPECT_EQ(ParseTimeout("4m"), env::Millis(4));
  EXPECT_EQ(ParseTimeout("5u"), std::chrono::microseconds(5));
  EXPECT_EQ(ParseTimeout("6n"), env::Nanos(6));
  EXPECT_EQ(ParseTimeout("0n"), env::Nanos(0));
  EXPECT_GT(*ParseTimeout("99999999H"), hours(24 * 365 * 99)) << "does not overflow";
  for (const char* bad : {"", "1", "S", "123456789S", "-1S", "1 S", "1s", "1.5S", "0x1S"}) {
    EXPECT_FALSE(ParseTimeout(bad).has_value()) << bad;
  }
}

TEST(ProtocolTest, ContentTypes) {
  for (const char* good : {"application/grpc", "application/grpc+proto", "application/grpc;charset=utf-8"}) {
    EXPECT_TRUE(IsGrpcContentType(good)) << good;
  }
  for (const char* bad : {"", "application/json", "application/grpc-web", "application/grpc+json", "application/grp"}) {
    EXPECT_FALSE(IsGrpcContentType(bad)) << bad;
  }
}

TEST(ProtocolTest, EncodingLists) {
  EXPECT_TRUE(ListsEncoding("identity, deflate,gzip", "gzip"));
  EXPECT_TRUE(ListsEncoding("gzip", "gzip"));
  EXPECT_FALSE(ListsEncoding("xgzip,gzipx,,", "gzip"));
}

TEST(ProtocolTest, BinaryValues) {
  for (size_t size = 0; size < 70; ++size) {
    std::string bytes;
    for (size_t i = 0; i < size; ++i) bytes.push_back(static_cast<char>(i * 37 + size));
    std::string text = EncodeBinary(bytes);
    for (const char* padding : {"", "=", "=="}) {
      std::string back = "before";
      ASSERT_TRUE(DecodeBinary(text + padding, &back));
      EXPECT_EQ(back, "before" + bytes);
    }
  }
  std::string out;
  EXPECT_FALSE(DecodeBinary("A", &out));
  EXPECT_FALSE(DecodeBinary("AA-_", &out));
}

TEST(StatusMapTest, CodesAndTexts) {
  EXPECT_EQ(GrpcCode(absl::StatusCode::kOk), "0");
  EXPECT_EQ(GrpcCode(absl::StatusCode::kResourceExhausted), "8");
  EXPECT_EQ(GrpcCode(absl::StatusCode::kUnauthenticated), "16");
  EXPECT_EQ(GrpcCode(static_cast<absl::StatusCode>(99)), "2");
  EXPECT_EQ(ToTrailers(absl::OkStatus()).message, "");
  StatusTrailers trailers = ToTrailers(base::WithRetryAfter(base::Unavailable("50% \x01"), 7));
  EXPECT_EQ(trailers.message, "50%25 %01");
  EXPECT_EQ(trailers.retry_after, 7);
  EXPECT_LE(ToTrailers(base::Internal(std::string(100'000, 'x'))).message.size(), 5000u);
}

TEST(RequestHeadTest, KeepsWhatIsMetadata) {
  RequestHead head;
  for (const auto& [name, value] : GrpcHeaders("/a.B/C", {{"grpc-timeout", "1S"},
                                                          {"x", "1"},
                                                          {"x", "2"},
                                                          {"y-bin", "AAA, //8="},
                                                          {"grpc-trace-bin", "AQ"},
                                                          {"user-agent", "me"}})) {
    EXPECT_TRUE(head.Add(name, value, 16'384));
  }
  EXPECT_EQ(head.path(), "/a.B/C");
  EXPECT_TRUE(head.is_grpc());
  EXPECT_EQ(head.timeout(), seconds(1));
  EXPECT_EQ(head.metadata("x"), "1");
  EXPECT_EQ(head.metadata("te"), "");
  std::string all;
  head.ForEach([&](std::string_view name, std::string_view value) { all += base::StrCat(name, "=", value, ";"); });
  EXPECT_EQ(all, std::string("x=1;x=2;y-bin=\0\0;y-bin=\xff\xff;grpc-trace-bin=\1;user-agent=me;", 57));
  head.Clear();
  EXPECT_EQ(head.path(), "");
  EXPECT_EQ(head.metadata("x"), "");
}

TEST(FrameScannerTest, EveryCutGivesTheSameFrames) {
  const std::string bytes = RawPreface() + RawFrame(2, 0, 5, std::string("\0\0\0\7\x10", 5)) + RawFrame(2, 0, 5, "ab") +
                            RawFrame(0, 1, 9, "data") + RawFrame(6, 1, 0, "12345678");
  auto scan = [&](size_t portion) {
    FrameScanner scanner;
    std::vector<std::string> seen;
    for (size_t at = 0; at < bytes.size(); at += portion) {
      std::string_view in = std::string_view(bytes).substr(at, portion);
      for (FrameHead head; scanner.Next(&in, &head);) {
        seen.push_back(base::StrCat(static_cast<int>(head.type), " ", head.flags, " ", head.length, " ",
                                    head.stream_id, " ", head.dependency));
      }
    }
    return seen;
  };
  const std::vector<std::string> expected = {"4 0 6 0 0", "8 0 4 0 0", "2 0 5 5 7", "2 0 2 5 0", "0 1 4 9 0", "6 1 8 0 0"};
  for (size_t portion = 1; portion <= bytes.size(); ++portion) EXPECT_EQ(scan(portion), expected) << portion;
}

TEST(MessageReaderTest, BelievesAnnouncementsOnlyWhileThereIsPlenty) {
  Limits limits;
  limits.incomplete_bytes = 10u << 20;
  LoopCounters counters;
  MessageReader trusted(limits, counters);
  MessageReader doubted(limits, counters);
  std::string_view four_mib("\0\0\x40\0\0", 5);
  std::string_view again = four_mib;
  ASSERT_TRUE(trusted.Feed(&four_mib).ok());
  EXPECT_EQ(counters.incomplete_bytes.get(), 4u << 20);
  ASSERT_TRUE(doubted.Feed(&again).ok());
  EXPECT_EQ(counters.incomplete_bytes.get(), (4u << 20) + (64u << 10)) << "above half of the limit memory follows bytes";
  std::string piece(1u << 20, 'x');
  for (int i = 0; i < 4; ++i) {
    std::string_view in = piece;
    ASSERT_TRUE(doubted.Feed(&in).ok());
  }
  EXPECT_TRUE(doubted.complete());
  EXPECT_EQ(doubted.Take().size(), 4u << 20);
  trusted.Reset();
  EXPECT_EQ(counters.incomplete_bytes.get(), 0u);
}

TEST(GzipTest, RoundTripAndLimit) {
  Gzip gzip;
  for (size_t size : {size_t{0}, size_t{1}, size_t{100'000}}) {
    Message message;
    message.head = std::string(size, 'a');
    message.tail = "tail";
    std::string packed = gzip.Pack(message);
    auto back = gzip.Unpack(packed, size + 4);
    ASSERT_TRUE(back.ok()) << back.status();
    EXPECT_EQ(back->view(), message.head + "tail");
    EXPECT_EQ(gzip.Unpack(packed, size + 3).status().code(), absl::StatusCode::kResourceExhausted);
    EXPECT_EQ(gzip.Unpack(packed.substr(0, packed.size() - 1), 1u << 20).status().code(), absl::StatusCode::kInternal);
    EXPECT_EQ(gzip.Unpack(packed + "x", 1u << 20).status().code(), absl::StatusCode::kInternal);
  }
}

TEST(BlockPoolTest, BlocksAreApartAndKeepTheirBytes) {
  BlockPool pool;
  std::vector<std::pair<char*, size_t>> held;
  for (size_t i = 0; i < 3000; ++i) {
    size_t size = i * 7919 % 1500;
    auto* block = static_cast<char*>(pool.Take(size));
    ASSERT_NE(block, nullptr);
    std::memset(block, static_cast<int>(i % 127), size);
    held.emplace_back(block, size);
    if (i % 3 == 0) {
      auto& [grown, had] = held[i / 2];
      grown = static_cast<char*>(pool.Resize(grown, had + 600));
      EXPECT_EQ(std::count(grown, grown + had, static_cast<char>(i / 2 % 127)), static_cast<ptrdiff_t>(had));
      std::memset(grown, static_cast<int>(i / 2 % 127), had + 600);
      had += 600;
    }
  }
  for (size_t i = 0; i < held.size(); ++i) {
    auto [block, size] = held[i];
    EXPECT_EQ(std::count(block, block + size, static_cast<char>(i % 127)), static_cast<ptrdiff_t>(size)) << i;
    pool.Give(block);
  }
  EXPECT_EQ(pool.Take(SIZE_MAX), nullptr);
}

TEST(TokenBucketTest, BurstThenRate) {
  TokenBucket bucket({.burst = 3, .per_second = 2});
  env::Nanos now = seconds(100);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(bucket.Take(now));
  int taken = 0;
  for (int ms = 0; ms < 10'000; ms += 10) taken += bucket.Take(now + env::Millis(ms)) ? 1 : 0;
  EXPECT_GE(taken, 19);
  EXPECT_LE(taken, 24);
}

}  // namespace
}  // namespace memgrid::frontend::grpc
