// What happens at the limits that the operating system sets.

#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "env/address.h"
#include "env/disk.h"
#include "env/network.h"
#include "env/posix/posix_env.h"
#include "gtest/gtest.h"

namespace memgrid::env {
namespace {

// Lowers a soft limit of the process for as long as it lives.
class LowerLimit {
 public:
  LowerLimit(__rlimit_resource which, rlim_t value) : which_(which) {
    ::getrlimit(which_, &before_);
    const rlimit lowered{.rlim_cur = value, .rlim_max = before_.rlim_max};
    EXPECT_EQ(::setrlimit(which_, &lowered), 0);
  }
  ~LowerLimit() { ::setrlimit(which_, &before_); }

 private:
  const __rlimit_resource which_;
  rlimit before_;
};

class FullDisk : public testing::TestWithParam<bool> {
 protected:
  FullDisk() : group_(MakePosixLoops({.loops = 1, .io_uring = GetParam()})) {
    char name[] = "memgrid-limits-XXXXXX";
    folder_ = std::filesystem::absolute(::mkdtemp(name));
    ::signal(SIGXFSZ, SIG_IGN);
  }
  ~FullDisk() override {
    group_->Stop();
    std::filesystem::remove_all(folder_);
  }

  absl::Status Do(std::function<void(DiskDone)> call) {
    std::promise<absl::Status> answer;
    group_->loop(0).Post(
        [&] { call([&answer](absl::Status status) { answer.set_value(std::move(status)); }); });
    return answer.get_future().get();
  }

  const std::unique_ptr<LoopGroup> group_;
  std::string folder_;
};
INSTANTIATE_TEST_SUITE_P(Disk, FullDisk, testing::Bool(),
                         [](const auto& param) { return param.param ? "Uring" : "Threads"; });

// The limit on a file's size stands for the full disk: the kernel answers at the same places.
TEST_P(FullDisk, IsResourceExhaustedAndPassesWhenThereIsRoom) {
  constexpr size_t kUnit = 4096;
  OpenOptions options;
  options.create = true;
  const auto file = *group_->loop(0).disk().Open(folder_ + "/file", options);
  const std::unique_ptr<char, void (*)(void*)> memory(
      static_cast<char*>(std::aligned_alloc(kUnit, 4 * kUnit)), std::free);
  std::fill_n(memory.get(), 4 * kUnit, 'x');
  const std::span<const char> data(memory.get(), 4 * kUnit);
  group_->Start();
  const auto write = [&](DiskDone done) { file->Write(0, data, std::move(done)); };
  const auto reserve = [&](DiskDone done) { file->Reserve(0, 4 * kUnit, std::move(done)); };
  {
    const LowerLimit limit(RLIMIT_FSIZE, 2 * kUnit);
    // The first half goes, the second does not: that is not a success.
    const absl::Status status = Do(write);
    EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted) << status;
    EXPECT_NE(status.ToString().find(folder_), std::string::npos) << status;
    EXPECT_EQ(Do(reserve).code(), absl::StatusCode::kResourceExhausted);
  }
  EXPECT_TRUE(Do(reserve).ok());
  EXPECT_TRUE(Do(write).ok());
}

TEST(PosixDisk, DevicesThatAreNoDisksAreRefused) {
  const auto file = ProcessDisk().Open("/dev/null", {});
  EXPECT_EQ(file.status().code(), absl::StatusCode::kInvalidArgument) << file.status();
}

TEST(PosixDisk, FoldersAreMadeForTheOwnerAlone) {
  char name[] = "memgrid-limits-XXXXXX";
  const std::string folder = std::filesystem::absolute(::mkdtemp(name));
  ASSERT_TRUE(ProcessDisk().MakeFolder(folder + "/a/b").ok());
  OpenOptions create;
  create.create = true;
  ASSERT_TRUE(ProcessDisk().Open(folder + "/a/b/file", create).ok());
  using std::filesystem::perms;
  EXPECT_EQ(std::filesystem::status(folder + "/a").permissions(), perms::owner_all);
  EXPECT_EQ(std::filesystem::status(folder + "/a/b/file").permissions(),
            perms::owner_read | perms::owner_write);
  std::filesystem::remove_all(folder);
}

TEST(PosixNetwork, AcceptsAgainWhenDescriptorsAreThere) {
  const auto group = MakePosixLoops({.loops = 1});
  std::promise<void> accepted[2];
  std::vector<std::unique_ptr<Connection>> connections;
  Loop* const loops[] = {&group->loop(0)};
  const auto listener =
      *group->loop(0).network().Listen("127.0.0.1:0", loops, [&](Loop& loop, auto arrived) {
        connections.push_back(std::move(arrived));
        // A turn later: by then the loop has seen the connection's first events.
        loop.Post([&, number = connections.size() - 1] { accepted[number].set_value(); });
      });
  group->Start();
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(ParseHostPort(listener->address())->port);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const auto connect = [&to](int fd) {
    return ::connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof to) == 0;
  };
  const int first = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  ASSERT_TRUE(connect(first));
  accepted[0].get_future().get();
  const int second = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  std::future<void> future = accepted[1].get_future();
  {
    const LowerLimit limit(RLIMIT_NOFILE, static_cast<rlim_t>(second) + 1);
    ASSERT_TRUE(connect(second));
    EXPECT_EQ(future.wait_for(Millis(250)), std::future_status::timeout);
  }
  EXPECT_EQ(future.wait_for(std::chrono::seconds(10)), std::future_status::ready);
  ::close(first);
  ::close(second);
  group->Stop();
}

TEST(PosixNetwork, NamesAreLookedUpAndTheirAddressesTriedInTurn) {
  const auto group = MakePosixLoops({.loops = 1});
  Loop& loop = group->loop(0);
  std::vector<std::unique_ptr<Connection>> accepted;
  Loop* const loops[] = {&loop};
  // "localhost" may mean ::1 first, where nobody listens.
  const auto listener = *loop.network().Listen(
      "127.0.0.1:0", loops, [&](Loop&, auto arrived) { accepted.push_back(std::move(arrived)); });
  group->Start();
  const uint16_t port = ParseHostPort(listener->address())->port;
  std::unique_ptr<Connection> connected;
  const auto connect = [&](const std::string& host) {
    std::promise<absl::Status> answer;
    loop.Post([&] {
      loop.network().Connect(FormatHostPort(host, port), 20'000, [&](auto result) {
        answer.set_value(result.status());
        if (result.ok()) connected = *std::move(result);
      });
    });
    return answer.get_future().get();
  };
  EXPECT_TRUE(connect("localhost").ok());
  const absl::Status unknown = connect("no-such-host.invalid");
  EXPECT_EQ(unknown.code(), absl::StatusCode::kUnavailable);
  EXPECT_NE(unknown.ToString().find("no-such-host.invalid"), std::string::npos) << unknown;
  group->Stop();
}

TEST(PosixNetwork, ListensByName) {
  const auto group = MakePosixLoops({.loops = 1});
  Loop* const loops[] = {&group->loop(0)};
  const auto listener = group->loop(0).network().Listen("localhost:0", loops, [](auto&, auto) {});
  ASSERT_TRUE(listener.ok()) << listener.status();
  EXPECT_NE(ParseHostPort((*listener)->address())->port, 0);
}

}  // namespace
}  // namespace memgrid::env
