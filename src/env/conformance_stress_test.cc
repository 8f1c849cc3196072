// Connections that wander between loops while bytes flow both ways, read in odd sizes, with reading
// and writing turned off and on: no byte is lost, doubled or out of order, and nobody waits for
// ever.

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/strings.h"
#include "env/conformance.h"

namespace memgrid::env {
namespace {

constexpr int kClients = 24;
constexpr size_t kBytes = 150'000;  // per client and direction

char PatternAt(int client, size_t at) {
  return static_cast<char>(at * 7 + at / 251 + static_cast<size_t>(client) * 13);
}

// Sends back what it gets, and moves on to another loop now and then.
class Wanderer final : public ConnectionHandler {
 public:
  Wanderer(LoopGroup& group, Loop& loop, std::unique_ptr<Connection> connection) : group_(group) {
    Settle(loop, std::move(connection));
  }

  void OnReadable() override {
    char piece[5000];
    const size_t wanted = 1 + loop_->random().Next() % sizeof piece;
    const IoResult result = connection_->Read({piece, wanted});
    if (result.kind == IoResult::kWouldBlock) return;
    if (result.kind != IoResult::kOk) return connection_->Close();
    pending_.append(piece, result.bytes);
    OnWritable();
  }
  void OnWritable() override {
    if (!pending_.empty()) {
      const IoSlice slice{pending_.data(), pending_.size()};
      const IoResult result = connection_->Write({&slice, 1});
      if (result.kind == IoResult::kOk) pending_.erase(0, result.bytes);
      if (result.kind == IoResult::kError) return connection_->Close();
    }
    connection_->SetInterest(pending_.size() < 20'000, !pending_.empty());
    if (loop_->random().Next() % 16 == 0) Wander();
  }
  void OnClosed() override { connection_->Close(); }

 private:
  void Settle(Loop& loop, std::unique_ptr<Connection> connection) {
    loop_ = &loop;
    connection_ = std::move(connection);
    connection_->SetHandler(this);
    connection_->SetInterest(pending_.size() < 20'000, !pending_.empty());
  }
  void Wander() {
    Loop& to = group_.loop(static_cast<int>(loop_->random().Next() % 3));
    Connection::Move(std::move(connection_), to,
                     [this, &to](auto connection) { Settle(to, std::move(connection)); });
  }

  LoopGroup& group_;
  Loop* loop_ = nullptr;
  std::unique_ptr<Connection> connection_;
  std::string pending_;
};

// Sends its pattern and checks that it comes back.
class Client final : public ConnectionHandler {
 public:
  Client(int number, Loop& loop, std::atomic<int>& left, Flag& done)
      : number_(number), loop_(loop), left_(left), done_(done) {}

  void Take(std::unique_ptr<Connection> connection) {
    connection_ = std::move(connection);
    connection_->SetHandler(this);
    connection_->SetInterest(true, true);
  }
  void OnReadable() override {
    char piece[3000];
    const IoResult result = connection_->Read({piece, 1 + loop_.random().Next() % sizeof piece});
    if (result.kind == IoResult::kWouldBlock) return;
    ASSERT_EQ(result.kind, IoResult::kOk) << number_ << " after " << received_;
    for (size_t i = 0; i < result.bytes; ++i) {
      ASSERT_EQ(piece[i], PatternAt(number_, received_ + i)) << number_ << " at " << received_ + i;
    }
    received_ += result.bytes;
    if (received_ == kBytes) {
      connection_->Close();
      if (--left_ == 0) done_.Set();
    } else if (loop_.random().Next() % 8 == 0) {
      Rest();
    }
  }
  void OnWritable() override {
    char piece[7000];
    const size_t size = std::min(sizeof piece, kBytes - sent_);
    if (size == 0) return connection_->SetInterest(reading_, false);
    for (size_t i = 0; i < size; ++i) piece[i] = PatternAt(number_, sent_ + i);
    const size_t half = 1 + loop_.random().Next() % size;
    const IoSlice slices[] = {{piece, half}, {piece + half, size - half}};
    const IoResult result = connection_->Write({slices, half == size ? 1u : 2u});
    if (result.kind == IoResult::kOk) sent_ += result.bytes;
  }
  void OnClosed() override { ADD_FAILURE() << number_ << " was closed"; }

 private:
  // Does not read for a moment.
  void Rest() {
    reading_ = false;
    connection_->SetInterest(false, sent_ < kBytes);
    loop_.RunAfter(Millis(1), [this] {
      reading_ = true;
      connection_->SetInterest(true, sent_ < kBytes);
    });
  }

  const int number_;
  Loop& loop_;
  std::atomic<int>& left_;
  Flag& done_;
  std::unique_ptr<Connection> connection_;
  size_t sent_ = 0, received_ = 0;
  bool reading_ = true;
};

class StressConformance : public Conformance {};
MEMGRID_CONFORMANCE(StressConformance);

TEST_P(StressConformance, WanderingConnectionsLoseNothing) {
  Loop* const loops[] = {&loop(0), &loop(1), &loop(2)};
  std::mutex mutex;
  std::vector<std::unique_ptr<Wanderer>> wanderers;
  const auto listener = loop(0).network().Listen(
      base::StrCat(env_->host(), ":0"), loops, [&](Loop& to, auto connection) {
        auto wanderer = std::make_unique<Wanderer>(group(), to, std::move(connection));
        const std::lock_guard lock(mutex);
        wanderers.push_back(std::move(wanderer));
      });
  ASSERT_TRUE(listener.ok()) << listener.status();
  Start();
  Flag done;
  std::atomic<int> left = kClients;
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < kClients; ++i) {
    Loop& home = loop(i % 3);
    clients.push_back(std::make_unique<Client>(i, home, left, done));
    home.Post([&, client = clients.back().get()] {
      home.network().Connect((*listener)->address(), 20'000, [client](auto connection) {
        ASSERT_TRUE(connection.ok()) << connection.status();
        client->Take(*std::move(connection));
      });
    });
  }
  Await(done);
  Stop();
}

}  // namespace
}  // namespace memgrid::env
