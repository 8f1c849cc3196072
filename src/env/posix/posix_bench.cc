// What a loop costs: handing over tasks, timers, and messages over TCP.

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "base/check.h"
#include "benchmark/benchmark.h"
#include "env/address.h"
#include "env/network.h"
#include "env/posix/posix_env.h"

namespace memgrid::env {
namespace {

// A task that posts itself again: one turn each.
void PostToItself(benchmark::State& state) {
  const auto group = MakePosixLoops({.loops = 1});
  Loop& loop = group->loop(0);
  group->Start();
  constexpr int kRounds = 10'000;
  for (auto _ : state) {
    std::atomic<int> left = kRounds;
    std::function<void()> again = [&] {
      if (--left > 0) {
        loop.Post([&] { again(); });
      } else {
        left.notify_one();
      }
    };
    loop.Post([&] { again(); });
    for (int seen = left; seen > 0; seen = left) left.wait(seen);
  }
  state.SetItemsProcessed(state.iterations() * kRounds);
}
BENCHMARK(PostToItself)->UseRealTime();

// Tasks from another thread, in batches that find the loop awake.
void PostInBatches(benchmark::State& state) {
  const auto group = MakePosixLoops({.loops = 1});
  Loop& loop = group->loop(0);
  group->Start();
  constexpr int kBatch = 1000;
  for (auto _ : state) {
    std::atomic<int> left = kBatch;
    for (int i = 0; i < kBatch; ++i) {
      loop.Post([&left] {
        if (--left == 0) left.notify_one();
      });
    }
    for (int seen = left; seen > 0; seen = left) left.wait(seen);
  }
  state.SetItemsProcessed(state.iterations() * kBatch);
}
BENCHMARK(PostInBatches)->UseRealTime();

// A deadline for each request that is nearly always cancelled.
void SetAndCancelTimer(benchmark::State& state) {
  const auto group = MakePosixLoops({.loops = 1});
  Loop& loop = group->loop(0);
  for (int i = 0; i < 10'000; ++i) loop.RunAfter(std::chrono::seconds(10 + i % 50), [] {});
  for (auto _ : state) loop.Cancel(loop.RunAfter(std::chrono::seconds(30), [] {}));
}
BENCHMARK(SetAndCancelTimer);

class Echo final : public ConnectionHandler {
 public:
  explicit Echo(std::unique_ptr<Connection> connection) : connection_(std::move(connection)) {
    connection_->SetHandler(this);
  }
  void OnReadable() override {
    const IoResult read = connection_->Read(buffer_);
    if (read.kind == IoResult::kWouldBlock) return;
    if (read.kind != IoResult::kOk) return connection_->Close();
    const IoSlice slice{buffer_, read.bytes};
    connection_->Write({&slice, 1});
  }
  void OnWritable() override {}
  void OnClosed() override {}

 private:
  const std::unique_ptr<Connection> connection_;
  char buffer_[65536];
};

int ConnectBlocking(std::string_view address) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(ParseHostPort(address)->port);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  MEMGRID_CHECK(::connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof to) == 0, "connect");
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return fd;
}

// `connections` with one message of 100 bytes each in flight, from one blocking client thread. The
// loop's CPU time per message is the figure that matters.
void EchoOverTcp(benchmark::State& state) {
  const auto group = MakePosixLoops({.loops = 1});
  std::vector<std::unique_ptr<Echo>> echoes;
  Loop* const loops[] = {&group->loop(0)};
  auto listener =
      *group->loop(0).network().Listen("127.0.0.1:0", loops, [&](Loop&, auto connection) {
        echoes.push_back(std::make_unique<Echo>(std::move(connection)));
      });
  group->Start();
  std::vector<int> clients(static_cast<size_t>(state.range(0)));
  for (int& fd : clients) fd = ConnectBlocking(listener->address());
  std::atomic<int64_t> cpu_ns = 0;
  const auto read_cpu = [&] {
    cpu_ns = -1;
    group->loop(0).Post([&] {
      timespec time;
      ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
      cpu_ns = int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
      cpu_ns.notify_one();
    });
    cpu_ns.wait(-1);
    return cpu_ns.load();
  };
  const int64_t before = read_cpu();
  char message[100] = {};
  for (auto _ : state) {
    for (const int fd : clients) (void)!::send(fd, message, sizeof message, 0);
    for (const int fd : clients) (void)!::recv(fd, message, sizeof message, MSG_WAITALL);
  }
  const auto messages = static_cast<double>(state.iterations() * state.range(0));
  state.SetItemsProcessed(state.iterations() * state.range(0));
  state.counters["loop_cpu_ns"] = static_cast<double>(read_cpu() - before) / messages;
  for (const int fd : clients) ::close(fd);
  group->Stop();
  echoes.clear();
}
BENCHMARK(EchoOverTcp)->Arg(1)->Arg(50)->UseRealTime();

}  // namespace
}  // namespace memgrid::env
