#include "env/posix/machine.h"

#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>

#include "gtest/gtest.h"

namespace memgrid::env {
namespace {

constexpr uint64_t kGiB = uint64_t{1} << 30;

// A machine made of files.
class MachineTest : public testing::Test {
 protected:
  MachineTest() {
    char name[] = "/tmp/memgrid-machine-XXXXXX";
    root_ = ::mkdtemp(name);
    Put("/proc/meminfo", "MemTotal:       16777216 kB\nMemFree:  1 kB\n");
  }
  ~MachineTest() override { std::filesystem::remove_all(root_); }

  void Put(const std::string& path, const std::string& text) {
    const std::filesystem::path full = root_ + path;
    std::filesystem::create_directories(full.parent_path());
    std::ofstream(full) << text;
  }

  std::string root_;
};

TEST_F(MachineTest, PhysicalMemoryWithoutGroups) {
  EXPECT_EQ(ThisMachine(root_).memory_bytes, 16 * kGiB);
  EXPECT_GE(ThisMachine(root_).cpus, 1);
}

TEST_F(MachineTest, TheTightestLimitOfVersion2OnTheWayUpCounts) {
  Put("/proc/self/cgroup", "0::/a.slice/b.service\n");
  Put("/sys/fs/cgroup/a.slice/b.service/memory.max", "max\n");
  Put("/sys/fs/cgroup/a.slice/memory.max", "2147483648\n");
  Put("/sys/fs/cgroup/a.slice/cpu.max", "50000 100000\n");
  EXPECT_EQ(ThisMachine(root_).memory_bytes, 2 * kGiB);
  EXPECT_EQ(ThisMachine(root_).cpus, 1);
}

TEST_F(MachineTest, InAContainerTheMountsRootIsOurs) {
  Put("/proc/self/cgroup", "0::/somewhere/on/the/host\n");
  Put("/sys/fs/cgroup/memory.max", "1073741824\n");
  EXPECT_EQ(ThisMachine(root_).memory_bytes, kGiB);
}

TEST_F(MachineTest, Version1) {
  Put("/proc/self/cgroup", "5:memory:/box\n4:cpu,cpuacct:/box\n0::/\n");
  Put("/sys/fs/cgroup/memory/box/memory.limit_in_bytes", "3221225472\n");
  Put("/sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
  Put("/sys/fs/cgroup/cpu/box/cpu.cfs_quota_us", "100000\n");
  Put("/sys/fs/cgroup/cpu/box/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(ThisMachine(root_).memory_bytes, 3 * kGiB);
  EXPECT_EQ(ThisMachine(root_).cpus, 1);
}

TEST_F(MachineTest, UnreadableLimitsAreNone) {
  Put("/proc/self/cgroup", "garbage\n0::\n");
  Put("/sys/fs/cgroup/memory.max", "99999999999999999999999\n");
  Put("/sys/fs/cgroup/cpu.max", "max 100000\n");
  EXPECT_EQ(ThisMachine(root_).memory_bytes, 16 * kGiB);
}

TEST(Machine, TheRealOneHasMemoryAndCpus) {
  const Machine machine = ThisMachine();
  EXPECT_GE(machine.cpus, 1);
  EXPECT_GT(machine.memory_bytes, uint64_t{64} << 20);
  EXPECT_LT(machine.memory_bytes, uint64_t{1} << 60);
}

TEST(FileLimit, IsRaisedToTheHardOne) {
  rlimit limit;
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
  EXPECT_EQ(RaiseFileLimit(), limit.rlim_max);
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
  EXPECT_EQ(limit.rlim_cur, limit.rlim_max);
}

TEST_F(MachineTest, TellsTheServiceManager) {
  const std::string path = root_ + "/notify";
  const int fd = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  ASSERT_EQ(::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  ::setenv("NOTIFY_SOCKET", path.c_str(), 1);
  NotifyServiceManager("READY=1");
  ::unsetenv("NOTIFY_SOCKET");
  NotifyServiceManager("nobody asked");
  char text[64];
  const ssize_t got = ::recv(fd, text, sizeof text, MSG_DONTWAIT);
  EXPECT_EQ(std::string(text, got > 0 ? static_cast<size_t>(got) : 0), "READY=1");
  EXPECT_LT(::recv(fd, text, sizeof text, MSG_DONTWAIT), 0);
  ::close(fd);
}

}  // namespace
}  // namespace memgrid::env
