#include <algorithm>
#include <deque>
#include <memory>

#include "base/strings.h"
#include "env/conformance.h"

namespace memgrid::env {
namespace {

using absl::StatusCode;

// One end of a connection that sends what it is given and keeps what it gets.
class End final : public ConnectionHandler {
 public:
  explicit End(std::unique_ptr<Connection> connection) : connection_(std::move(connection)) {
    connection_->SetHandler(this);
  }

  void Send(std::string bytes) {
    outbox_ += bytes;
    OnWritable();
  }
  // Sets `flag` when `bytes` have come in all, or at the end of the stream.
  void Expect(size_t bytes, Flag* flag) {
    expected_ = bytes;
    flag_ = flag;
    Check();
  }
  void OnReadable() override {
    ++calls_;
    std::string piece(read_size_, '\0');
    const IoResult result = connection_->Read(piece);
    if (result.kind == IoResult::kOk) inbox_.append(piece, 0, result.bytes);
    if (result.kind == IoResult::kEnd || result.kind == IoResult::kError) {
      ended_ = true;
      connection_->SetInterest(false, false);
    }
    Check();
  }
  void OnWritable() override {
    while (sent_ < outbox_.size()) {
      const size_t some = std::min<size_t>(outbox_.size() - sent_, 100'000);
      const char* const from = outbox_.data() + sent_;
      const IoSlice slices[] = {{from, some / 2}, {from + some / 2, some - some / 2}};
      const IoResult result = connection_->Write(slices);
      if (result.kind == IoResult::kWouldBlock) ++blocked_;
      if (result.kind != IoResult::kOk) break;
      sent_ += result.bytes;
    }
    connection_->SetInterest(reading_, sent_ < outbox_.size());
    if (close_when_sent_ && sent_ == outbox_.size()) connection_->Close();
  }
  void OnClosed() override {
    closed_ = true;
    Check();
  }
  void Check() {
    if (flag_ != nullptr && (inbox_.size() >= expected_ || ended_ || closed_)) flag_->Set();
  }

  std::unique_ptr<Connection> connection_;
  std::string outbox_, inbox_;
  size_t sent_ = 0;  // of outbox_
  size_t read_size_ = 65536;
  size_t expected_ = 0;
  Flag* flag_ = nullptr;
  int calls_ = 0, blocked_ = 0;
  bool reading_ = true, ended_ = false, closed_ = false, close_when_sent_ = false;
};

std::string Pattern(size_t size) {
  std::string bytes(size, '\0');
  for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(i * 7 + i / 251);
  return bytes;
}

class NetworkConformance : public Conformance {
 protected:
  ~NetworkConformance() override { Stop(); }

  // Listens on loop 0; accepted ends appear in accepted_, by loop.
  void Listen() {
    Loop* const loops[] = {&loop(0), &loop(1), &loop(2)};
    auto listener = loop(0).network().Listen(
        base::StrCat(env_->host(), ":0"), loops,
        [this](Loop& to, std::unique_ptr<Connection> connection) {
          EXPECT_TRUE(to.InLoop());
          accepted_[to.index()].push_back(std::make_unique<End>(std::move(connection)));
          const std::lock_guard lock(mutex_);
          ++count_;
          if (count_ == wanted_) all_accepted_.Set();
        });
    ASSERT_TRUE(listener.ok()) << listener.status();
    listener_ = *std::move(listener);
  }

  // Connects client_ from a loop.
  absl::Status TryConnect(int from, std::string address, int64_t timeout_ms = 10'000) {
    Flag done;
    absl::Status answer;
    loop(from).Post([&] {
      loop(from).network().Connect(address, timeout_ms, [&](auto connected) {
        EXPECT_TRUE(loop(from).InLoop());
        answer = connected.status();
        if (connected.ok()) client_ = std::make_unique<End>(*std::move(connected));
        done.Set();
      });
    });
    Await(done);
    return answer;
  }

  // One client on loop 2 and its counterpart on loop 0.
  void ConnectPair() {
    Listen();
    Start();
    EXPECT_TRUE(TryConnect(2, std::string(listener_->address())).ok());
    Await(all_accepted_);
    ASSERT_NE(client_, nullptr);
    server_ = accepted_[0].front().get();
  }

  std::deque<std::unique_ptr<End>> accepted_[3];
  std::unique_ptr<Listener> listener_;
  std::unique_ptr<End> client_;
  End* server_ = nullptr;
  Flag all_accepted_;
  std::mutex mutex_;
  int count_ = 0, wanted_ = 1;
};
MEMGRID_CONFORMANCE(NetworkConformance);

TEST_P(NetworkConformance, BytesArriveAsTheyWereSent) {
  ConnectPair();
  Flag there, back;
  const std::string question = Pattern(3'000'000), answer = Pattern(1'000'001);
  On(0, [&] { server_->Expect(question.size(), &there); });
  On(2, [&] { client_->Expect(answer.size(), &back); });
  On(2, [&] { client_->Send(question); });
  On(0, [&] { server_->Send(answer); });
  Await(there);
  Await(back);
  Stop();
  EXPECT_TRUE(server_->inbox_ == question) << server_->inbox_.size();
  EXPECT_TRUE(client_->inbox_ == answer) << client_->inbox_.size();
}

TEST_P(NetworkConformance, KnowsItsPeer) {
  ConnectPair();
  Stop();
  EXPECT_EQ(client_->connection_->peer(), listener_->address());
  EXPECT_NE(server_->connection_->peer(), "");
}

TEST_P(NetworkConformance, ReadinessIsToldAgainUntilAllIsRead) {
  ConnectPair();
  Flag done;
  On(0, [&] {
    server_->read_size_ = 1;
    server_->Expect(500, &done);
  });
  On(2, [&] { client_->Send(Pattern(500)); });
  Await(done);
  Stop();
  EXPECT_GE(server_->calls_, 500);
  EXPECT_EQ(server_->inbox_, Pattern(500));
}

TEST_P(NetworkConformance, AWriterWaitsForASlowReader) {
  ConnectPair();
  const std::string much = Pattern(40'000'000);
  On(0, [&] {
    server_->reading_ = false;
    server_->connection_->SetInterest(false, false);
  });
  On(2, [&] { client_->Send(much); });
  Flag done;
  On(2, [&] {
    EXPECT_GT(client_->blocked_, 0);
    EXPECT_LT(client_->sent_, much.size());
  });
  On(0, [&] {
    EXPECT_EQ(server_->inbox_.size(), 0u);
    server_->Expect(much.size(), &done);
    server_->connection_->SetInterest(true, false);
  });
  Await(done);
  Stop();
  EXPECT_TRUE(server_->inbox_ == much);
}

TEST_P(NetworkConformance, TheEndComesAfterTheLastByte) {
  ConnectPair();
  Flag done;
  const std::string last = Pattern(100'000);
  On(0, [&] { server_->Expect(~size_t{0}, &done); });
  On(2, [&] {
    client_->close_when_sent_ = true;
    client_->Send(last);
  });
  Await(done);
  Stop();
  EXPECT_TRUE(server_->ended_);
  EXPECT_TRUE(server_->inbox_ == last) << server_->inbox_.size();
}

TEST_P(NetworkConformance, LastWordsArriveThoughTheirReaderIsStillTalking) {
  ConnectPair();
  Flag done;
  const std::string last = Pattern(300'000);
  On(2, [&] { client_->Expect(~size_t{0}, &done); });
  On(0, [&] {
    server_->reading_ = false;
    server_->connection_->SetInterest(false, false);
  });
  // More than is ever read.
  On(2, [&] { client_->Send(Pattern(2'000'000)); });
  On(0, [&] {
    server_->close_when_sent_ = true;
    server_->Send(last);
  });
  Await(done);
  Stop();
  EXPECT_TRUE(client_->inbox_ == last) << client_->inbox_.size();
}

TEST_P(NetworkConformance, ClosedConnectionsMoveNoBytes) {
  ConnectPair();
  On(2, [&] {
    client_->connection_->Close();
    client_->connection_->Close();
    char byte;
    EXPECT_EQ(client_->connection_->Read({&byte, 1}).kind, IoResult::kError);
    const IoSlice slice{"x", 1};
    EXPECT_EQ(client_->connection_->Write({&slice, 1}).kind, IoResult::kError);
  });
}

TEST_P(NetworkConformance, AHandlerMayDestroyItsConnection) {
  ConnectPair();
  struct Suicide final : ConnectionHandler {
    void OnReadable() override {
      connection.reset();
      gone.Set();
    }
    void OnWritable() override {}
    void OnClosed() override {}
    std::unique_ptr<Connection> connection;
    Flag gone;
  } suicide;
  Flag ended;
  On(0, [&] {
    suicide.connection = std::move(server_->connection_);
    suicide.connection->SetHandler(&suicide);
  });
  On(2, [&] {
    client_->Expect(~size_t{0}, &ended);
    client_->Send("the end");
  });
  Await(suicide.gone);
  Await(ended);
}

TEST_P(NetworkConformance, AnUnreadConnectionThatBreaksIsToldClosed) {
  ConnectPair();
  Flag closed;
  On(0, [&] {
    server_->reading_ = false;
    server_->Expect(~size_t{0}, &closed);
    server_->Send("never read by the client");
    server_->connection_->SetInterest(false, false);
  });
  Flag arrived;
  On(2, [&] { client_->Expect(5, &arrived); });
  Await(arrived);
  On(2, [&] { client_->connection_->Close(); });
  // The client's side is gone: sooner or later, what is sent to it breaks the connection.
  std::function<void()> talk = [&] {
    if (server_->closed_) return;
    const IoSlice slice{"into the void", 13};
    server_->connection_->Write({&slice, 1});
    loop(0).RunAfter(Millis(20), [&] { talk(); });
  };
  On(0, [&] { talk(); });
  Await(closed);
  Stop();
  EXPECT_TRUE(server_->closed_);
}

TEST_P(NetworkConformance, MovesToAnotherLoopWithItsUnreadBytes) {
  ConnectPair();
  Flag arrived, done;
  On(0, [&] {
    server_->reading_ = false;
    server_->connection_->SetInterest(false, false);
  });
  On(2, [&] { client_->Send("before "); });
  std::unique_ptr<End> moved;
  On(0, [&] {
    Connection::Move(std::move(server_->connection_), loop(1), [&](auto connection) {
      EXPECT_TRUE(loop(1).InLoop());
      moved = std::make_unique<End>(std::move(connection));
      moved->Expect(12, &done);
      arrived.Set();
    });
  });
  Await(arrived);
  On(2, [&] { client_->Send("after"); });
  Await(done);
  Stop();
  EXPECT_EQ(moved->inbox_, "before after");
  moved.reset();
}

TEST_P(NetworkConformance, DealsConnectionsToItsLoopsInTurn) {
  wanted_ = 9;
  Listen();
  Start();
  std::vector<std::unique_ptr<End>> clients;
  for (int i = 0; i < 9; ++i) {
    EXPECT_TRUE(TryConnect(0, std::string(listener_->address())).ok());
    clients.push_back(std::move(client_));
  }
  Await(all_accepted_);
  Stop();
  for (const auto& ends : accepted_) EXPECT_EQ(ends.size(), 3u);
}

TEST_P(NetworkConformance, RefusedConnectionsAreUnavailable) {
  Listen();
  const std::string address(listener_->address());
  Start();
  On(0, [&] { listener_.reset(); });
  EXPECT_EQ(TryConnect(1, address).code(), StatusCode::kUnavailable);
  EXPECT_EQ(client_, nullptr);
}

TEST_P(NetworkConformance, UnreadableAddressesAreInvalid) {
  Start();
  EXPECT_EQ(TryConnect(0, "no port").code(), StatusCode::kInvalidArgument);
  Loop* const loops[] = {&loop(0)};
  On(0, [&] {
    EXPECT_EQ(loop(0).network().Listen("host", loops, [](auto&, auto) {}).status().code(),
              StatusCode::kInvalidArgument);
  });
}

TEST_P(NetworkConformance, APortInUseIsUnavailable) {
  Listen();
  Loop* const loops[] = {&loop(0)};
  const auto second = loop(0).network().Listen(listener_->address(), loops, [](auto&, auto) {});
  EXPECT_EQ(second.status().code(), StatusCode::kUnavailable);
  EXPECT_NE(second.status().ToString().find(std::string(listener_->address())), std::string::npos);
}

}  // namespace
}  // namespace memgrid::env
