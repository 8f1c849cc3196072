#include "env/posix/machine.h"

#include <sched.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <limits>
#include <optional>
#include <sstream>
#include <vector>

#include "base/strings.h"
#include "env/posix/internal/unique_fd.h"

namespace memgrid::env {
namespace {

constexpr uint64_t kNoLimit = std::numeric_limits<uint64_t>::max();

// The whitespace-separated words of a small file; none if it cannot be read.
std::vector<std::string> Words(const std::string& path) {
  std::ifstream file(path);
  std::vector<std::string> words;
  for (std::string word; words.size() < 100'000 && file >> word;) words.push_back(word);
  return words;
}

std::optional<uint64_t> Number(const std::vector<std::string>& words, size_t at) {
  if (at >= words.size() || words[at].empty() || words[at].size() > 19 ||
      words[at].find_first_not_of("0123456789") != std::string::npos) {
    return std::nullopt;  // also "max" and "-1": no limit
  }
  return std::strtoull(words[at].c_str(), nullptr, 10);
}

// Where the process is in the hierarchy of `controller` ("" for cgroup v2): a path such as
// "/system.slice/memgrid.service". "/" if it is not said.
std::string CgroupPath(const std::string& root, std::string_view controller) {
  for (const std::string& line : Words(root + "/proc/self/cgroup")) {  // ID:CONTROLLERS:PATH
    const size_t first = line.find(':');
    const size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string names = base::StrCat(",", line.substr(first + 1, second - first - 1), ",");
    if (names.find(base::StrCat(",", controller, ",")) != std::string::npos) {
      return line.substr(second + 1);
    }
  }
  return "/";
}

// Calls `look` with the folder of the process's group in `mount` and of each group above it. In a
// container the path may be one of the host's, which is not there: the mount's own root then is
// ours.
template <typename Look>
void ForEachGroup(const std::string& mount, std::string path, const Look& look) {
  while (true) {
    look(mount + path);
    if (path.empty() || path == "/") return;
    path = path.substr(0, path.find_last_of('/'));
  }
}

uint64_t MemoryLimit(const std::string& root) {
  uint64_t limit = kNoLimit;
  const auto consider = [&limit](std::optional<uint64_t> bytes) {
    if (bytes.has_value() && *bytes > 0) limit = std::min(limit, *bytes);
  };
  const std::string cgroup = root + "/sys/fs/cgroup";
  ForEachGroup(cgroup, CgroupPath(root, ""), [&](const std::string& group) {
    consider(Number(Words(group + "/memory.max"), 0));
  });
  ForEachGroup(cgroup + "/memory", CgroupPath(root, "memory"), [&](const std::string& group) {
    consider(Number(Words(group + "/memory.limit_in_bytes"), 0));
  });
  const std::vector<std::string> info = Words(root + "/proc/meminfo");
  for (size_t i = 0; i + 1 < info.size(); ++i) {
    if (info[i] != "MemTotal:") continue;
    if (const auto kib = Number(info, i + 1)) consider(*kib * 1024);
  }
  return limit;
}

// CPUs that the quota allows, rounded up; kNoLimit without one.
uint64_t QuotaCpus(const std::string& root) {
  uint64_t cpus = kNoLimit;
  const auto consider = [&cpus](std::optional<uint64_t> quota, std::optional<uint64_t> period) {
    if (!quota.has_value() || !period.has_value() || *quota == 0 || *period == 0) return;
    cpus = std::min(cpus, (*quota - 1) / *period + 1);
  };
  const std::string cgroup = root + "/sys/fs/cgroup";
  ForEachGroup(cgroup, CgroupPath(root, ""), [&](const std::string& group) {
    const std::vector<std::string> words = Words(group + "/cpu.max");
    consider(Number(words, 0), Number(words, 1));
  });
  ForEachGroup(cgroup + "/cpu", CgroupPath(root, "cpu"), [&](const std::string& group) {
    consider(Number(Words(group + "/cpu.cfs_quota_us"), 0),
             Number(Words(group + "/cpu.cfs_period_us"), 0));
  });
  return cpus;
}

int AllowedCpus() {
  cpu_set_t set;
  if (::sched_getaffinity(0, sizeof set, &set) == 0) return CPU_COUNT(&set);
  return static_cast<int>(::sysconf(_SC_NPROCESSORS_ONLN));
}

}  // namespace

Machine ThisMachine(const std::string& root) {
  const auto allowed = static_cast<uint64_t>(std::max(AllowedCpus(), 1));
  return {.cpus = static_cast<int>(std::min(allowed, QuotaCpus(root))),
          .memory_bytes = MemoryLimit(root)};
}

uint64_t RaiseFileLimit() {
  rlimit limit;
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 1024;
  const rlimit raised{.rlim_cur = limit.rlim_max, .rlim_max = limit.rlim_max};
  if (limit.rlim_cur < limit.rlim_max && ::setrlimit(RLIMIT_NOFILE, &raised) == 0) limit = raised;
  return limit.rlim_cur;
}

void NotifyServiceManager(std::string_view state) {
  const char* const path = std::getenv("NOTIFY_SOCKET");
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path == nullptr || (path[0] != '/' && path[0] != '@')) return;
  const size_t length = std::strlen(path);
  if (length >= sizeof address.sun_path) return;
  std::memcpy(address.sun_path, path, length);
  if (path[0] == '@') address.sun_path[0] = '\0';  // a name in no file system
  const internal::UniqueFd fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.ok()) return;
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + length);
  ::sendto(fd.get(), state.data(), state.size(), MSG_NOSIGNAL,
           reinterpret_cast<const sockaddr*>(&address), size);
}

}  // namespace memgrid::env
