#include <memory>
#include <set>
#include <string>

#include "env/network.h"
#include "env/sim/sim_world.h"
#include "gtest/gtest.h"

namespace memgrid::env {
namespace {

using std::chrono::seconds;

// One end that keeps what it gets.
class End final : public ConnectionHandler {
 public:
  void Take(std::unique_ptr<Connection> connection) {
    connection_ = std::move(connection);
    connection_->SetHandler(this);
  }
  void Send(std::string_view text) {
    while (!text.empty()) {
      const IoSlice slice{text.data(), text.size()};
      const IoResult result = connection_->Write({&slice, 1});
      if (result.kind != IoResult::kOk) return;
      text.remove_prefix(result.bytes);
    }
  }
  void OnReadable() override {
    char bytes[64];
    const IoResult result = connection_->Read(bytes);
    if (result.kind == IoResult::kOk) inbox_.append(bytes, result.bytes);
    ended_ = result.kind == IoResult::kEnd;
    broken_ = result.kind == IoResult::kError;
    if (ended_ || broken_) connection_.reset();
  }
  void OnWritable() override {}
  void OnClosed() override { broken_ = true; }

  std::unique_ptr<Connection> connection_;
  std::string inbox_;
  bool ended_ = false, broken_ = false;
};

// "client" connected to "server".
class Pair {
 public:
  explicit Pair(uint64_t seed, bool connect = true) : world(seed) {
    LoopGroup& server_loops = world.Boot("server", 1);
    LoopGroup& client_loops = world.Boot("client", 1);
    server_loop = &server_loops.loop(0);
    client_loop = &client_loops.loop(0);
    Loop* const loops[] = {server_loop};
    listener = *server_loop->network().Listen(
        "0.0.0.0:1", loops, [this](Loop&, auto accepted) { server.Take(std::move(accepted)); });
    server_loops.Start();
    client_loops.Start();
    if (!connect) return;
    Connect(1000);
    EXPECT_TRUE(
        world.RunUntil([&] { return client.connection_ && server.connection_; }, seconds(2)));
  }

  void Connect(int64_t timeout_ms) {
    client_loop->Post([this, timeout_ms] {
      client_loop->network().Connect("server:1", timeout_ms, [this](auto result) {
        answered = true;
        status = result.status();
        if (result.ok()) client.Take(*std::move(result));
      });
    });
  }
  void ClientSends(std::string text) {
    client_loop->Post([this, text] { client.Send(text); });
  }

  SimWorld world;
  Loop* server_loop;
  Loop* client_loop;
  End server, client;
  std::unique_ptr<Listener> listener;
  absl::Status status;
  bool answered = false;
};

TEST(SimNetwork, WhatIsBlockedWaitsAndArrivesInOrder) {
  Pair pair(1);
  pair.world.Block("client", "server");
  pair.ClientSends("one ");
  pair.ClientSends("two ");
  pair.world.RunFor(seconds(5));
  EXPECT_EQ(pair.server.inbox_, "");
  // The other way is open.
  pair.server_loop->Post([&] { pair.server.Send("back"); });
  EXPECT_TRUE(pair.world.RunUntil([&] { return pair.client.inbox_ == "back"; }, seconds(1)));
  pair.ClientSends("three");
  pair.world.Unblock("client", "server");
  EXPECT_TRUE(
      pair.world.RunUntil([&] { return pair.server.inbox_ == "one two three"; }, seconds(1)));
}

TEST(SimNetwork, ConnectionsThatGetNothingThroughBreakInTheEnd) {
  Pair pair(1);
  pair.world.Block("client", "server");
  pair.ClientSends("lost");
  EXPECT_TRUE(
      pair.world.RunUntil([&] { return pair.client.broken_ && pair.server.broken_; }, seconds(25)));
  EXPECT_EQ(pair.server.inbox_, "");
}

TEST(SimNetwork, DisconnectBreaksBothEndsOnce) {
  Pair pair(1);
  pair.world.Disconnect("server", "client");
  EXPECT_TRUE(
      pair.world.RunUntil([&] { return pair.client.broken_ && pair.server.broken_; }, seconds(1)));
  pair.client.broken_ = false;
  pair.Connect(1000);
  EXPECT_TRUE(pair.world.RunUntil([&] { return pair.client.connection_ != nullptr; }, seconds(2)));
}

TEST(SimNetwork, ACrashBreaksConnectionsAndMayLoseTheLastBytes) {
  std::set<std::string> arrived;
  for (uint64_t seed = 0; seed < 60; ++seed) {
    Pair pair(seed);
    pair.ClientSends("abc");
    pair.world.RunFor(std::chrono::microseconds(seed * 40));
    pair.world.Crash("client");
    EXPECT_TRUE(pair.world.RunUntil([&] { return pair.server.broken_; }, seconds(1)));
    EXPECT_EQ(std::string("abc").substr(0, pair.server.inbox_.size()), pair.server.inbox_);
    arrived.insert(pair.server.inbox_);
    pair.client.connection_.reset();  // the crashed server's own objects go later
  }
  EXPECT_TRUE(arrived.contains("") && arrived.contains("abc"));
}

TEST(SimNetwork, NobodyAnswersFromBehindABlock) {
  Pair pair(1, false);
  pair.world.Block("server", "client");
  pair.Connect(3000);
  const Nanos start = pair.world.now();
  EXPECT_TRUE(pair.world.RunUntil([&] { return pair.answered; }, seconds(10)));
  EXPECT_EQ(pair.status.code(), absl::StatusCode::kUnavailable);
  EXPECT_GE(pair.world.now() - start, seconds(3));
}

TEST(SimNetwork, ACrashedHostRefusesOrIsSilent) {
  std::set<bool> quick;
  for (uint64_t seed = 0; seed < 30; ++seed) {
    Pair pair(seed, false);
    pair.world.Crash("server");
    pair.Connect(100);
    EXPECT_TRUE(pair.world.RunUntil([&] { return pair.answered; }, seconds(10)));
    EXPECT_EQ(pair.status.code(), absl::StatusCode::kUnavailable);
    quick.insert(pair.world.now() < Millis(100));
  }
  EXPECT_EQ(quick.size(), 2u);
}

TEST(SimNetwork, AHostListensOnItsOwnNamesOnly) {
  SimWorld world(1);
  Loop& loop = world.Boot("n1", 1).loop(0);
  Loop* const loops[] = {&loop};
  for (const char* address : {"n1:5", "127.0.0.1:6", "[::1]:7", "localhost:8", "0.0.0.0:9"}) {
    const auto listener = loop.network().Listen(address, loops, [](Loop&, auto) {});
    ASSERT_TRUE(listener.ok()) << listener.status();
    EXPECT_EQ((*listener)->address(), address);
  }
  EXPECT_FALSE(loop.network().Listen("n2:5", loops, [](Loop&, auto) {}).ok());
}

}  // namespace
}  // namespace memgrid::env
