#include "env/posix/internal/time_and_chance.h"

#include <sys/random.h>
#include <time.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/check.h"

namespace memgrid::env::internal {
namespace {

timespec Read(clockid_t clock) {
  timespec time;
  MEMGRID_CHECK(::clock_gettime(clock, &time) == 0, "clock ", clock, ", errno ", errno);
  return time;
}

}  // namespace

Nanos PosixClock::Monotonic() const {
  const timespec time = Read(CLOCK_MONOTONIC);
  return std::chrono::seconds(time.tv_sec) + Nanos(time.tv_nsec);
}

int64_t PosixClock::WallMillis() const {
  const timespec time = Read(CLOCK_REALTIME);
  return int64_t{time.tv_sec} * 1000 + time.tv_nsec / 1'000'000;
}

uint64_t PosixRandom::Next() {
  struct Buffer {
    uint64_t words[32];
    size_t left = 0;
  };
  static thread_local Buffer buffer;
  if (buffer.left == 0) {
    Fill({reinterpret_cast<char*>(buffer.words), sizeof buffer.words});
    buffer.left = std::size(buffer.words);
  }
  return buffer.words[--buffer.left];
}

void PosixRandom::Fill(std::span<char> out) {
  while (!out.empty()) {
    const ssize_t got = ::getrandom(out.data(), out.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    MEMGRID_CHECK(got > 0, "getrandom, errno ", errno);
    out = out.subspan(static_cast<size_t>(got));
  }
}

}  // namespace memgrid::env::internal
