// Clients that are silent, slow or hostile, in a simulated world: each is ended within its time, costs little, and does
// not keep others from being served.

#include <nghttp2/nghttp2.h>

#include "frontend/grpc/testing/sim_fixture.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace memgrid::frontend::grpc {
namespace {

using std::chrono::seconds;

constexpr int64_t kCalm = NGHTTP2_ENHANCE_YOUR_CALM;

std::string Repeat(const std::string& bytes, int times) {
  std::string out;
  out.reserve(bytes.size() * static_cast<size_t>(times));
  for (int i = 0; i < times; ++i) out += bytes;
  return out;
}

std::string Reset(int32_t stream) { return RawFrame(NGHTTP2_RST_STREAM, 0, stream, std::string("\0\0\0\x08", 4)); }

// A world whose connections take much at once: floods are over sooner.
std::unique_ptr<SimFixture> Flooded() {
  auto f = std::make_unique<SimFixture>();
  f->world.network().buffer_bytes = 4u << 20;
  f->world.network().split = 0.01;
  return f;
}

// Sends `flood` and expects the connection to end with `goaway` while others are served.
void ExpectCutOff(const std::string& flood, int64_t goaway = kCalm) {
  auto f = Flooded();
  auto client = f->Client();
  f->world.RunFor(env::Millis(50));
  client->Send(flood);
  ASSERT_TRUE(client->AwaitEnd(seconds(30)));
  EXPECT_EQ(client->goaway(), goaway);
  EXPECT_TRUE(f->Serves());
  Counters counters = f->server->counters();
  EXPECT_EQ(counters.calls_open, 0u);
  EXPECT_EQ(counters.incomplete_bytes, 0u);
  EXPECT_LT(f->counts.started, 4000);
}

TEST(AbuseTest, RapidReset) {
  std::string flood;
  for (int32_t stream = 1; stream < 200'000; stream += 2) {
    flood += RawFrame(NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, stream, RawHeaders(GrpcHeaders("/test.Echo/Never")));
    flood += Reset(stream);
  }
  ExpectCutOff(flood);
}

TEST(AbuseTest, RapidResetOfAnsweredCalls) {
  std::string flood;
  for (int32_t stream = 1; stream < 100'000; stream += 2) {
    flood += RawCall(stream, "/test.Echo/Unary", "x") + Reset(stream);
  }
  ExpectCutOff(flood);
}

TEST(AbuseTest, ResetsThatTheServerIsProvokedToSend) {
  // In bursts, so that the limit of streams does not end it before.
  auto f = Flooded();
  auto client = f->Client();
  for (int32_t stream = 1; stream < 10'000 && !client->ended();) {
    for (int i = 0; i < 100; ++i, stream += 2) {
      client->Send(RawFrame(NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, stream,
                            RawHeaders(GrpcHeaders("/test.Echo/Never"))) +
                   RawWindowUpdate(stream, 0x7fffffff));
    }
    f->world.RunFor(env::Millis(20));
  }
  ASSERT_TRUE(client->AwaitEnd(seconds(5)));
  EXPECT_EQ(client->goaway(), kCalm);
  EXPECT_LE(f->counts.started, 500);
  EXPECT_TRUE(f->Serves());
}

TEST(AbuseTest, Settings) { ExpectCutOff(Repeat(RawFrame(NGHTTP2_SETTINGS, 0, 0, ""), 10'000)); }

TEST(AbuseTest, Pings) { ExpectCutOff(Repeat(RawFrame(NGHTTP2_PING, 0, 0, "12345678"), 10'000)); }

TEST(AbuseTest, Priorities) {
  ExpectCutOff(Repeat(RawFrame(NGHTTP2_PRIORITY, 0, 101, std::string("\0\0\0\0\x10", 5)), 10'000));
}

TEST(AbuseTest, UnknownFrames) { ExpectCutOff(Repeat(RawFrame(0xee, 0, 0, ""), 10'000)); }

TEST(AbuseTest, EmptyData) {
  ExpectCutOff(
      RawFrame(NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, 1, RawHeaders(GrpcHeaders("/test.Echo/Upload"))) +
      Repeat(RawFrame(NGHTTP2_DATA, 0, 1, ""), 5'000) +
      Repeat(RawFrame(NGHTTP2_DATA, NGHTTP2_FLAG_PADDED, 1, std::string("\3\0\0\0", 4)), 5'000));
}

TEST(AbuseTest, Continuations) {
  std::string flood = RawFrame(NGHTTP2_HEADERS, 0, 1, RawHeaders(GrpcHeaders("/test.Echo/Unary")));
  flood += Repeat(RawFrame(NGHTTP2_CONTINUATION, 0, 1, RawHeaders({{"a", "bcd"}})), 100'000);
  ExpectCutOff(flood);
}

TEST(AbuseTest, WindowOverflow) {
  ExpectCutOff(Repeat(RawWindowUpdate(0, 0x7fffffff), 2), NGHTTP2_FLOW_CONTROL_ERROR);
}

TEST(AbuseTest, EndlessHpackInteger) {
  std::string block = "\x7f" + std::string(1'000'000, '\x80');
  std::string flood = RawFrame(NGHTTP2_HEADERS, 0, 1, block.substr(0, 16'384));
  for (size_t at = 16'384; at < block.size(); at += 16'384) {
    flood += RawFrame(NGHTTP2_CONTINUATION, 0, 1, block.substr(at, 16'384));
  }
  ExpectCutOff(flood, NGHTTP2_COMPRESSION_ERROR);
}

TEST(AbuseTest, DataAfterTheEnd) {
  ExpectCutOff(RawCall(1, "/test.Echo/Unary", "x") + RawFrame(NGHTTP2_DATA, 0, 1, "y"), NGHTTP2_STREAM_CLOSED);
}

TEST(AbuseTest, HeaderBomb) {
  // One large entry in the table, then a byte for each time that it is meant again.
  std::string block = RawHeaders(GrpcHeaders("/test.Echo/Unary"));
  std::string value(3900, 'v');
  block += std::string("\x40\x01" "b", 3) + "\x7f" + static_cast<char>((3900 - 127) % 128 + 128) +
           static_cast<char>((3900 - 127) / 128) + value + std::string(10'000, '\xbe');
  auto f = Flooded();
  auto client = f->Client();
  client->Send(RawFrame(NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, 1, block));
  ASSERT_TRUE(client->Await(1));
  EXPECT_TRUE(client->answer(1).reset);
  client->Send(RawCall(3, "/test.Echo/Unary", "x"));
  ASSERT_TRUE(client->Await(3));
  EXPECT_EQ(client->answer(3).status(), "0") << "the connection's compression state is whole";
}

TEST(AbuseTest, AStormOfExpiredDeadlinesIsNoAbuse) {
  auto f = Flooded();
  auto client = f->Client();
  int32_t stream = 1;
  for (int round = 0; round < 40; ++round) {
    int32_t first = stream;
    for (int i = 0; i < 250; ++i, stream += 2) {
      client->Send(RawFrame(NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, stream,
                            RawHeaders(GrpcHeaders("/test.Echo/Never", {{"grpc-timeout", "100m"}}))));
    }
    f->world.RunFor(env::Millis(97));
    for (int32_t s = first; s < stream; s += 2) client->Send(Reset(s));
    f->world.RunFor(env::Millis(10));
  }
  client->Send(RawCall(stream, "/test.Echo/Unary", "x"));
  ASSERT_TRUE(client->Await(stream));
  EXPECT_EQ(client->answer(stream).status(), "0");
  EXPECT_GE(f->counts.started, 9000);
}

TEST(AbuseTest, PingsThatMeasureADownloadAreNoAbuse) {
  auto f = Flooded();
  auto client = f->Client();
  client->Send(RawFrame(NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, 1, RawHeaders(GrpcHeaders("/test.Echo/Download"))) +
               RawFrame(NGHTTP2_DATA, NGHTTP2_FLAG_END_STREAM, 1, Framed(std::string("\0\0\x40\0\0\0\x10\0", 8))));
  size_t seen = 0;
  int pings = 0;
  while (!client->answer(1).ended && !client->ended()) {
    f->world.RunFor(std::chrono::microseconds(500));
    if (client->answer(1).body.size() > seen) client->Send(RawFrame(NGHTTP2_PING, 0, 0, "12345678")), ++pings;
    seen = client->answer(1).body.size();
  }
  EXPECT_EQ(client->answer(1).status(), "0");
  EXPECT_EQ(client->goaway(), -1);
  EXPECT_GT(pings, 0);
}

TEST(AbuseTest, NoPreface) {
  SimFixture f;
  auto silent = f.Connect();
  auto half = f.Connect();
  half->Send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
  auto http = f.Connect();
  http->Send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_TRUE(http->AwaitEnd(seconds(2)));
  f.world.RunFor(seconds(9));
  EXPECT_FALSE(silent->ended());
  EXPECT_TRUE(silent->AwaitEnd(seconds(3)));
  EXPECT_TRUE(half->AwaitEnd(seconds(1)));
}

TEST(AbuseTest, KeepaliveFindsTheDead) {
  SimFixture f;
  auto alive = f.Client();
  auto dead = f.Client();
  dead->answers_pings = false;
  f.world.RunFor(seconds(59));
  EXPECT_EQ(alive->pings(), 0);
  f.world.RunFor(seconds(5));
  EXPECT_EQ(alive->pings(), 1);
  EXPECT_EQ(dead->pings(), 1);
  EXPECT_TRUE(dead->AwaitEnd(seconds(25)));
  f.world.RunFor(seconds(300));
  EXPECT_FALSE(alive->ended()) << "idle for ever";
}

TEST(AbuseTest, NeverReads) {
  SimFixture f;
  auto client = f.Client();
  client->Read(false);
  client->Send(RawCall(1, "/test.Echo/Lent", std::string("\0\x10\0\0", 4)));
  f.world.RunFor(seconds(28));
  EXPECT_EQ(f.server->counters().connections_open, 1u);
  f.world.RunFor(seconds(5));
  EXPECT_EQ(f.server->counters().connections_open, 0u);
  EXPECT_EQ(f.memory.holds(), 0);
  EXPECT_EQ(f.server->counters().output_bytes, 0u);
}

TEST(AbuseTest, TooManyConnections) {
  Limits limits;
  limits.connections = 3;
  SimFixture f(limits);
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 0; i < 3; ++i) clients.push_back(f.Client());
  auto fourth = f.Client();
  EXPECT_TRUE(fourth->AwaitEnd(seconds(1)));
  clients.pop_back();
  f.world.RunFor(seconds(1));
  EXPECT_TRUE(f.Serves());
}

TEST(AbuseTest, TooManyStreams) {
  SimFixture f;
  auto client = f.Client();
  f.world.RunFor(env::Millis(50));  // the limit is known
  for (int32_t stream = 1; stream <= 2 * 256 + 1; stream += 2) {
    client->Send(RawFrame(NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, stream,
                          RawHeaders(GrpcHeaders("/test.Echo/Never"))));
  }
  EXPECT_TRUE(client->AwaitEnd(seconds(5)) || client->answer(513).reset);
  EXPECT_EQ(f.counts.started, 256);
}

}  // namespace
}  // namespace memgrid::frontend::grpc
