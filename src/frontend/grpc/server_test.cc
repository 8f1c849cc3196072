// The server against a client that writes frames by hand, in a simulated world.

#include "frontend/grpc/server.h"

#include <nghttp2/nghttp2.h>
#include <zlib.h>

#include <algorithm>

#include "frontend/grpc/testing/sim_fixture.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace memgrid::frontend::grpc {
namespace {

using std::chrono::seconds;
using ::testing::HasSubstr;

constexpr uint8_t kEndHeaders = NGHTTP2_FLAG_END_HEADERS;
constexpr uint8_t kEndStream = NGHTTP2_FLAG_END_STREAM;

std::string Size(uint32_t size) {
  return {static_cast<char>(size >> 24), static_cast<char>(size >> 16), static_cast<char>(size >> 8),
          static_cast<char>(size)};
}

std::string Zip(std::string_view text) {
  z_stream stream{};
  deflateInit2(&stream, 9, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::string Headers(int32_t stream, std::string_view path, const HeaderPairs& extra = {}) {
  return RawFrame(NGHTTP2_HEADERS, kEndHeaders, stream, RawHeaders(GrpcHeaders(path, extra)));
}

// DATA frames of at most 16 KiB.
std::string Data(int32_t stream, std::string_view bytes, bool end) {
  std::string out;
  do {
    std::string_view piece = bytes.substr(0, 16384);
    bytes.remove_prefix(piece.size());
    out += RawFrame(NGHTTP2_DATA, end && bytes.empty() ? kEndStream : 0, stream, piece);
  } while (!bytes.empty());
  return out;
}

TEST(ServerTest, UnaryCallIsAnsweredWithHeadersMessageAndTrailers) {
  SimFixture f;
  auto client = f.Client();
  client->Send(RawCall(1, "/test.Echo/Unary", "hello"));
  ASSERT_TRUE(client->Await(1));
  RawAnswer& answer = client->answer(1);
  EXPECT_EQ(answer.headers[":status"], "200");
  EXPECT_EQ(answer.headers["content-type"], "application/grpc");
  EXPECT_EQ(answer.body, Framed("hello"));
  EXPECT_EQ(answer.status(), "0");
}

TEST(ServerTest, AnyCutOfTheBytesGivesTheSameAnswers) {
  // Each portion size from one byte up moves every boundary: inside the preface, frame heads, header blocks, prefixes.
  const std::string script = RawPreface() + RawCall(1, "/test.Echo/Unary", "one") + Headers(3, "/test.Echo/Bidi") +
                             Data(3, Framed("two") + Framed("") + Framed("three").substr(0, 4), false) +
                             Data(3, Framed("three").substr(4), true) +
                             RawCall(5, "/test.Echo/Fail", "no", {{"code", "5"}});
  for (size_t portion = 1; portion <= 64; portion += portion < 16 ? 1 : 7) {
    SimFixture f(Limits(), /*seed=*/portion);
    auto client = f.Connect();
    client->SendSlowly(script, portion);
    for (int32_t stream : {1, 3, 5}) ASSERT_TRUE(client->Await(stream)) << portion;
    EXPECT_EQ(client->answer(1).body, Framed("one")) << portion;
    EXPECT_EQ(client->answer(3).body, Framed("two") + Framed("") + Framed("three")) << portion;
    EXPECT_EQ(client->answer(3).status(), "0") << portion;
    EXPECT_EQ(client->answer(5).status(), "5") << portion;
  }
}

TEST(ServerTest, EachByteMayBeAPlaceWhereAMessageIsCut) {
  const std::string body = Framed("first") + Framed("the second");
  SimFixture f;
  auto client = f.Client();
  int32_t stream = 1;
  for (size_t cut = 0; cut <= body.size(); ++cut, stream += 2) {
    client->Send(Headers(stream, "/test.Echo/Bidi") + RawFrame(NGHTTP2_DATA, 0, stream, body.substr(0, cut)) +
                 RawFrame(NGHTTP2_DATA, kEndStream, stream, body.substr(cut)));
    ASSERT_TRUE(client->Await(stream)) << cut;
    EXPECT_EQ(client->answer(stream).body, body) << cut;
    EXPECT_EQ(client->answer(stream).status(), "0") << cut;
  }
}

TEST(ServerTest, StatusTravelsWithPercentEncodedTextAndRetryHint) {
  SimFixture f;
  auto client = f.Client();
  client->Send(RawCall(1, "/test.Echo/Fail", "100 % ü\n", {{"code", "14"}, {"retry", "250"}}));
  ASSERT_TRUE(client->Await(1));
  RawAnswer& answer = client->answer(1);
  EXPECT_EQ(answer.status(), "14");
  EXPECT_EQ(answer.trailers["grpc-message"], "100 %25 %C3%BC%0A");
  EXPECT_EQ(answer.trailers["retry-after-ms"], "250");
  EXPECT_EQ(answer.trailers[":status"], "200") << "an error is one block of headers";
}

TEST(ServerTest, MetadataComesBackDecodedAndRepeated) {
  SimFixture f;
  auto client = f.Client();
  client->Send(RawCall(1, "/test.Echo/Unary", "", {{"echo-a", "x y"}, {"echo-b-bin", "AAEC/w=="}}));
  ASSERT_TRUE(client->Await(1));
  EXPECT_EQ(client->answer(1).headers["echo-a"], "x y");
  EXPECT_EQ(client->answer(1).trailers["echo-a"], "x y");
  EXPECT_EQ(client->answer(1).headers["echo-b-bin"], "AAEC/w") << "sent without padding";
  client->Send(RawCall(3, "/test.Echo/Unary", "", {{"echo-b-bin", "?"}}));
  ASSERT_TRUE(client->Await(3));
  EXPECT_EQ(client->answer(3).status(), "13");
}

TEST(ServerTest, WhatIsNoGrpcGetsAnHttpAnswer) {
  SimFixture f;
  auto client = f.Client();
  HeaderPairs get = {{":method", "GET"}, {":scheme", "http"}, {":path", "/"}, {":authority", "t"}};
  client->Send(RawFrame(NGHTTP2_HEADERS, kEndHeaders | kEndStream, 1, RawHeaders(get)));
  ASSERT_TRUE(client->Await(1));
  EXPECT_EQ(client->answer(1).headers[":status"], "405");
  HeaderPairs post = GrpcHeaders("/test.Echo/Unary");
  post.back().second = "application/json";
  client->Send(RawFrame(NGHTTP2_HEADERS, kEndHeaders, 3, RawHeaders(post)) + Data(3, "{}", true));
  ASSERT_TRUE(client->Await(3));
  EXPECT_EQ(client->answer(3).headers[":status"], "415");
  EXPECT_THAT(client->answer(3).body, HasSubstr("gRPC"));
}

TEST(ServerTest, UnknownMethodsAndEncodingsAreUnimplemented) {
  SimFixture f;
  auto client = f.Client();
  client->Send(RawCall(1, "/test.Echo/Nothing", "") +
               RawCall(3, "/test.Echo/Unary", "", {{"grpc-encoding", "snappy"}}));
  ASSERT_TRUE(client->Await(1) && client->Await(3));
  EXPECT_EQ(client->answer(1).status(), "12");
  EXPECT_EQ(client->answer(3).status(), "12");
  EXPECT_EQ(client->answer(3).trailers["grpc-accept-encoding"], "identity,gzip");
}

TEST(ServerTest, UnaryTakesExactlyOneMessage) {
  SimFixture f;
  auto client = f.Client();
  client->Send(Headers(1, "/test.Echo/Unary") + Data(1, "", true));
  client->Send(Headers(3, "/test.Echo/Unary") + Data(3, Framed("a") + Framed("b"), true));
  client->Send(Headers(5, "/test.Echo/Unary") + Data(5, Framed("abc").substr(0, 7), true));
  ASSERT_TRUE(client->Await(1) && client->Await(3) && client->Await(5));
  EXPECT_EQ(client->answer(1).status(), "12");
  EXPECT_EQ(client->answer(3).status(), "12");
  EXPECT_EQ(client->answer(5).status(), "13");
  EXPECT_EQ(f.counts.started, 0);
}

TEST(ServerTest, DeadlineEndsTheCallAndReachesTheHandler) {
  SimFixture f;
  auto client = f.Client();
  client->Send(Headers(1, "/test.Echo/Never", {{"grpc-timeout", "300m"}}));
  env::Nanos from = f.world.now();
  ASSERT_TRUE(client->Await(1));
  EXPECT_EQ(client->answer(1).status(), "4");
  EXPECT_GE(f.world.now() - from, env::Millis(300));
  EXPECT_LE(f.world.now() - from, env::Millis(320));
  EXPECT_EQ(f.counts.expired, 1);

  client->Send(RawCall(3, "/test.Echo/Later", "x", {{"grpc-timeout", "50m"}, {"ms", "5000"}}));
  client->Send(RawCall(5, "/test.Echo/Later", "y", {{"grpc-timeout", "50S"}, {"ms", "5000"}}));
  ASSERT_TRUE(client->Await(3) && client->Await(5));
  EXPECT_EQ(client->answer(3).status(), "4");
  EXPECT_THAT(client->answer(3).trailers["grpc-message"], HasSubstr("outcome unknown"));
  EXPECT_EQ(client->answer(5).status(), "0");
  EXPECT_EQ(f.server->counters().calls_open, 0u);
}

TEST(ServerTest, ManyDeadlinesFireAtTheirTimes) {
  SimFixture f;
  auto client = f.Client();
  std::vector<int> ms;
  for (int i = 0; i < 200; ++i) ms.push_back(1 + (i * 7919) % 9000);  // beyond one round of the wheel too
  for (int i = 0; i < 200; ++i) {
    client->Send(Headers(2 * i + 1, "/test.Echo/Never", {{"grpc-timeout", std::to_string(ms[i]) + "m"}}));
  }
  f.world.RunFor(env::Millis(100));  // all have arrived
  for (int now = 100; now < 9000; now += 450) {
    f.world.RunFor(env::Millis(450));
    auto due = [&](int slack) { return std::count_if(ms.begin(), ms.end(), [&](int m) { return m <= now + slack; }); };
    EXPECT_GE(f.counts.expired, due(450 - 60)) << now;
    EXPECT_LE(f.counts.expired, due(450 + 60)) << now;
  }
  ASSERT_TRUE(f.world.RunUntil([&] { return f.counts.expired == 200; }, seconds(10)));
  for (int32_t stream = 1; stream < 400; stream += 2) {
    ASSERT_TRUE(client->Await(stream));
    EXPECT_EQ(client->answer(stream).status(), "4");
  }
}

TEST(ServerTest, CancellationReachesTheHandler) {
  SimFixture f;
  auto client = f.Client();
  client->Send(Headers(1, "/test.Echo/Never") + Headers(3, "/test.Echo/Never"));
  ASSERT_TRUE(f.world.RunUntil([&] { return f.counts.started == 2; }, seconds(5)));
  client->Send(RawFrame(NGHTTP2_RST_STREAM, 0, 1, std::string("\0\0\0\x08", 4)));
  ASSERT_TRUE(f.world.RunUntil([&] { return f.counts.cancelled == 1; }, seconds(5)));
  client.reset();  // the connection breaks
  ASSERT_TRUE(f.world.RunUntil([&] { return f.counts.cancelled == 2; }, seconds(30)));
  ASSERT_TRUE(f.world.RunUntil([&] { return f.server->counters().connections_open == 0; }, seconds(5)));
  EXPECT_EQ(f.server->counters().calls_open, 0u);
  EXPECT_TRUE(f.Serves());
}

TEST(ServerTest, GzipIsUnpackedAndAnsweredInKind) {
  SimFixture f;
  auto client = f.Client();
  const std::string text(3000, 'a');
  client->Send(Headers(1, "/test.Echo/Unary", {{"grpc-encoding", "gzip"}, {"grpc-accept-encoding", "identity, gzip"}}) +
               Data(1, Framed(Zip(text), true), true));
  ASSERT_TRUE(client->Await(1));
  EXPECT_EQ(client->answer(1).status(), "0");
  EXPECT_EQ(client->answer(1).headers["grpc-encoding"], "gzip");
  EXPECT_EQ(client->answer(1).body[0], 1);
  EXPECT_LT(client->answer(1).body.size(), 200u);
  client->Send(Headers(3, "/test.Echo/Unary", {{"grpc-encoding", "gzip"}}) + Data(3, Framed(Zip("b"), true), true));
  client->Send(Headers(5, "/test.Echo/Unary", {{"grpc-encoding", "gzip"}}) + Data(5, Framed("junk", true), true));
  client->Send(Headers(7, "/test.Echo/Unary") + Data(7, Framed(Zip("b"), true), true));
  ASSERT_TRUE(client->Await(3) && client->Await(5) && client->Await(7));
  EXPECT_EQ(client->answer(3).body, Framed("b")) << "the client does not say that it takes gzip";
  EXPECT_EQ(client->answer(5).status(), "13");
  EXPECT_EQ(client->answer(7).status(), "13");
}

TEST(ServerTest, MessagesOverTheLimitAreRefusedAndTheConnectionLives) {
  Limits limits;
  limits.message_bytes = 100'000;
  SimFixture f(limits);
  auto client = f.Client();
  client->Send(Headers(1, "/test.Echo/Unary") + Data(1, Framed(std::string(100'000, 'x')), true));
  client->Send(Headers(3, "/test.Echo/Unary") + Data(3, Framed(std::string(100'001, 'x')), true));
  const std::string bomb = Zip(std::string(10'000'000, '\0'));
  client->Send(Headers(5, "/test.Echo/Unary", {{"grpc-encoding", "gzip"}}) + Data(5, Framed(bomb, true), true));
  client->Send(Headers(7, "/test.Echo/Bidi") + Data(7, "\x01\xff\xff\xff\xff", false));
  for (int32_t stream : {1, 3, 5, 7}) ASSERT_TRUE(client->Await(stream)) << stream;
  EXPECT_EQ(client->answer(1).status(), "0");
  EXPECT_EQ(client->answer(3).status(), "8");
  EXPECT_THAT(client->answer(3).trailers["grpc-message"], HasSubstr("100000"));
  EXPECT_EQ(client->answer(5).status(), "8");
  EXPECT_EQ(client->answer(7).status(), "8");
  client->Send(RawCall(9, "/test.Echo/Unary", "on it goes"));
  ASSERT_TRUE(client->Await(9));
  EXPECT_EQ(client->answer(9).status(), "0");
  EXPECT_EQ(f.server->counters().incomplete_bytes, 0u);
}

TEST(ServerTest, HeadersOverTheLimitAreRefusedAndTheConnectionLives) {
  SimFixture f;
  auto client = f.Client();
  client->Send(RawCall(1, "/test.Echo/Unary", "", {{"echo-a", std::string(15'000, 'a')}}));
  client->Send(Headers(3, "/test.Echo/Unary", {{"echo-a", std::string(16'100, 'a')}}) + Data(3, Framed(""), true));
  client->Send(RawCall(5, "/test.Echo/Unary", "x"));
  for (int32_t stream : {1, 3, 5}) ASSERT_TRUE(client->Await(stream)) << stream;
  EXPECT_EQ(client->answer(1).status(), "0");
  EXPECT_EQ(client->answer(3).status(), "8");
  EXPECT_EQ(client->answer(5).status(), "0");
}

TEST(ServerTest, LargeAnswersLeaveFromLentMemoryAndAreKeptWhenTheyMustWait) {
  SimFixture f;
  auto client = f.Client();
  for (int32_t stream = 1; stream < 20; stream += 2) client->Send(RawCall(stream, "/test.Echo/Lent", Size(100'000)));
  for (int32_t stream = 1; stream < 20; stream += 2) {
    ASSERT_TRUE(client->Await(stream));
    EXPECT_EQ(client->answer(stream).body, Framed(Pattern(100'000, 1)));
  }
  EXPECT_GT(f.memory.kept(), 0) << "64 KiB fit into the simulated connection at once";
  f.world.RunFor(env::Millis(100));
  EXPECT_EQ(f.memory.holds(), 0);
}

TEST(ServerTest, MemoryThatReclaimWantsIsCopied) {
  SimFixture f;
  auto client = f.Client();
  client->Read(false);
  client->Send(RawCall(1, "/test.Echo/Lent", Size(1'000'000)));
  ASSERT_TRUE(f.world.RunUntil([&] { return f.memory.holds() == 1; }, seconds(5)));
  f.memory.Want(true);
  auto other = f.Client();
  other->Send(RawCall(1, "/test.Echo/Unary", "makes a turn"));
  ASSERT_TRUE(other->Await(1));
  EXPECT_EQ(f.memory.holds(), 0);
  EXPECT_GT(f.server->counters().copied_bytes, 0u);
  client->Read(true);
  ASSERT_TRUE(client->Await(1));
  EXPECT_EQ(client->answer(1).body, Framed(Pattern(1'000'000, 1)));
  f.world.RunFor(seconds(1));
  EXPECT_EQ(f.server->counters().copied_bytes, 0u);
}

TEST(ServerTest, TheSlowestReaderGoesWhenTooMuchWouldBeCopied) {
  Limits limits;
  limits.copied_bytes = 1'000'000;
  SimFixture f(limits);
  auto slow = f.Client();
  slow->Read(false);
  slow->Send(RawCall(1, "/test.Echo/Lent", Size(1'000'000)));
  f.world.RunFor(seconds(2));
  auto slower = f.Client();
  slower->Read(false);
  slower->Send(RawCall(1, "/test.Echo/Lent", Size(1'000'000)));
  ASSERT_TRUE(f.world.RunUntil([&] { return f.memory.holds() == 2; }, seconds(5)));
  f.memory.Want(true);
  EXPECT_TRUE(f.Serves());
  EXPECT_LE(f.server->counters().copied_bytes, limits.copied_bytes);
  slow->Read(true);
  slower->Read(true);
  EXPECT_TRUE(slower->Await(1));
  EXPECT_EQ(slower->answer(1).body.size(), 1'000'005u);
  EXPECT_TRUE(slow->AwaitEnd()) << "it had taken nothing for longer";
}

TEST(ServerTest, DownloadsWaitForTheirReader) {
  SimFixture f;
  auto client = f.Client(/*stream_window=*/10'000);
  client->Send(Headers(1, "/test.Echo/Download") + Data(1, Framed(Size(10'000) + Size(1000)), true));
  f.world.RunFor(seconds(5));
  EXPECT_LE(f.counts.sent, 100'000u) << "nobody opened the window";
  EXPECT_EQ(client->answer(1).body.size(), 10'000u);
  // Another call of the connection is not held up.
  client->Send(RawCall(3, "/test.Echo/Unary", "x"));
  ASSERT_TRUE(client->Await(3));
  client->Send(RawWindowUpdate(1, 100'000'000));
  ASSERT_TRUE(client->Await(1, seconds(600)));
  std::string expected;
  for (int left = 1000; left > 0; --left) expected += Framed(Pattern(10'000, static_cast<uint8_t>(left)));
  EXPECT_EQ(client->answer(1).body, expected);
  EXPECT_EQ(client->answer(1).status(), "0");
}

TEST(ServerTest, AReaderThatStallsHoldsUpNobodyElseAndIsEndedByItsDeadline) {
  SimFixture f;
  auto client = f.Client(/*stream_window=*/10'000);
  // One message of a megabyte, far more than may be queued for unary calls.
  client->Send(Headers(1, "/test.Echo/Download", {{"grpc-timeout", "2S"}}) +
               Data(1, Framed(Size(1'000'000) + Size(3)), true));
  ASSERT_TRUE(f.world.RunUntil([&] { return client->answer(1).body.size() == 10'000; }, seconds(1)));
  client->Send(RawCall(3, "/test.Echo/Unary", "x"));
  ASSERT_TRUE(client->Await(3, seconds(1)));
  EXPECT_EQ(client->answer(3).status(), "0");
  ASSERT_TRUE(client->Await(1, seconds(3))) << "trailers need no window";
  EXPECT_EQ(client->answer(1).status(), "4");
  EXPECT_EQ(client->answer(1).body.size(), 10'000u);
  f.world.RunFor(env::Millis(100));
  EXPECT_EQ(f.memory.holds(), 0);
  EXPECT_EQ(f.server->counters().output_bytes, 0u);
  client->Send(RawWindowUpdate(1, 100'000) + RawCall(5, "/test.Echo/Unary", "y"));
  ASSERT_TRUE(client->Await(5));
  EXPECT_EQ(client->answer(5).status(), "0");
}

TEST(ServerTest, UploadsWaitForTheirHandler) {
  Limits limits;
  limits.stream_window = 65'535;
  SimFixture f(limits);
  auto client = f.Client();
  client->Send(Headers(1, "/test.Echo/Upload", {{"slow", "1"}}));
  std::string body;
  for (int i = 0; i < 50; ++i) body += Framed(std::string(1000, 'u'));
  client->Send(Data(1, body, true));  // within the window
  f.world.RunFor(env::Millis(100));
  EXPECT_LE(f.counts.messages, 12) << "one in ten milliseconds";
  EXPECT_LT(client->window(1), 50'000u) << "window for bytes that no handler has taken";
  EXPECT_GT(f.server->counters().incomplete_bytes, 30'000u);
  ASSERT_TRUE(client->Await(1));
  EXPECT_EQ(client->answer(1).body, Framed("50000"));
  EXPECT_EQ(f.server->counters().incomplete_bytes, 0u);
}

TEST(ServerTest, TooManyIncompleteRequestsAreTurnedAway) {
  Limits limits;
  limits.incomplete_bytes = 1u << 20;
  SimFixture f(limits);
  auto client = f.Client();
  int32_t stream = 1;
  for (; stream < 41; stream += 2) {
    client->Send(Headers(stream, "/test.Echo/Unary") +
                 Data(stream, Framed(std::string(100'000, 'x')).substr(0, 90'000), false));
  }
  ASSERT_TRUE(client->Await(39));
  EXPECT_EQ(client->answer(39).status(), "14");
  EXPECT_EQ(client->answer(39).trailers["retry-after-ms"], "100");
  EXPECT_LE(f.server->counters().incomplete_bytes, limits.incomplete_bytes);
  client->Send(RawFrame(NGHTTP2_DATA, kEndStream, 1, std::string(10'005, 'x')));
  ASSERT_TRUE(client->Await(1));
  EXPECT_EQ(client->answer(1).status(), "0");
}

TEST(ServerTest, RequestsWaitWhileTooMuchOutputWaits) {
  SimFixture f;
  auto client = f.Client(/*stream_window=*/1000);
  for (int32_t stream = 1; stream < 41; stream += 2) client->Send(RawCall(stream, "/test.Echo/Lent", Size(100'000)));
  f.world.RunFor(seconds(2));
  EXPECT_LE(f.counts.started, 5) << "256 KiB may be queued";
  EXPECT_LE(f.server->counters().output_bytes, 400'000u);
  for (int32_t stream = 1; stream < 41; stream += 2) client->Send(RawWindowUpdate(stream, 1'000'000));
  for (int32_t stream = 1; stream < 41; stream += 2) {
    ASSERT_TRUE(client->Await(stream));
    EXPECT_EQ(client->answer(stream).body.size(), 100'005u);
  }
  EXPECT_EQ(f.server->counters().output_bytes, 0u);
}

TEST(ServerTest, HealthAnswersAndWatches) {
  SimFixture f;
  f.server->SetServing("", true);
  auto client = f.Client();
  const std::string check = "/grpc.health.v1.Health/Check";
  client->Send(RawCall(1, check, "") + RawCall(3, check, "\x0a\x09test.Echo") + RawCall(5, check, "\x0a\x01x"));
  client->Send(RawCall(7, "/grpc.health.v1.Health/Watch", "\x0a\x09test.Echo"));
  for (int32_t stream : {1, 3, 5}) ASSERT_TRUE(client->Await(stream)) << stream;
  EXPECT_EQ(client->answer(1).body, Framed("\x08\x01"));
  EXPECT_EQ(client->answer(3).body, Framed("\x08\x02"));
  EXPECT_EQ(client->answer(5).status(), "5");
  f.server->SetServing("test.Echo", true);
  ASSERT_TRUE(f.world.RunUntil([&] { return client->answer(7).body.size() == 14; }, seconds(5)));
  EXPECT_EQ(client->answer(7).body, Framed("\x08\x02") + Framed("\x08\x01"));
}

TEST(ServerTest, ReflectionListsServicesAndTheirFiles) {
  SimFixture f;
  auto client = f.Client();
  for (const char* path : {"/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
                           "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"}) {
    static int32_t stream = -1;
    stream += 2;
    client->Send(Headers(stream, path) + Data(stream, Framed("\x3a\x01*") + Framed("\x22\x15grpc.health.v1.Health") +
                                                          Framed("\x22\x04none"), true));
    ASSERT_TRUE(client->Await(stream));
    EXPECT_EQ(client->answer(stream).status(), "0");
    EXPECT_THAT(client->answer(stream).body, HasSubstr("test.Echo"));
    EXPECT_THAT(client->answer(stream).body, HasSubstr("grpc.health.v1.Health"));
    EXPECT_THAT(client->answer(stream).body, HasSubstr("HealthCheckRequest"));
    EXPECT_THAT(client->answer(stream).body, HasSubstr("not known to this server"));
  }
}

TEST(ServerTest, ShutsDownWhenCallsAreDone) {
  SimFixture f;
  auto idle = f.Client();
  auto busy = f.Client();
  busy->Send(RawCall(1, "/test.Echo/Later", "done", {{"ms", "3000"}}));
  busy->Send(RawCall(3, "/grpc.health.v1.Health/Watch", ""));
  f.world.RunFor(env::Millis(500));
  bool drained = false;
  f.server->Drain([&] { drained = true; });
  ASSERT_TRUE(idle->AwaitEnd(seconds(2)));
  EXPECT_EQ(idle->goaway(), 0);
  EXPECT_FALSE(drained);
  ASSERT_TRUE(busy->Await(1));
  EXPECT_EQ(busy->answer(1).body, Framed("done"));
  EXPECT_EQ(busy->answer(3).status(), "14") << "watching does not hold up the end";
  ASSERT_TRUE(busy->AwaitEnd(seconds(2)));
  ASSERT_TRUE(f.world.RunUntil([&] { return drained; }, seconds(2)));
}

TEST(ServerTest, ShutsDownInTenSecondsWhateverRuns) {
  SimFixture f;
  auto client = f.Client();
  client->Send(Headers(1, "/test.Echo/Never"));
  f.world.RunFor(env::Millis(500));
  bool drained = false;
  f.server->Drain([&] { drained = true; });
  ASSERT_TRUE(f.world.RunUntil([&] { return drained; }, env::Millis(10'500)));
  EXPECT_EQ(f.counts.cancelled, 1);
}

}  // namespace
}  // namespace memgrid::frontend::grpc
