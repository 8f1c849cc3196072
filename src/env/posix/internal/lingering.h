// Connections that were closed here and whose last bytes the other side has not yet taken.
//
// Closing a socket over unread input makes the kernel reset the connection, and a reset throws away
// what was still to be sent: the answer that says why we close. So such a socket is only shut for
// writing, and what comes in is thrown away until the other side ends too.

#pragma once

#include <memory>
#include <unordered_map>

#include "env/posix/internal/posix_loop.h"
#include "env/posix/internal/unique_fd.h"

namespace memgrid::env::internal {

// Threads: the loop's own.
class Lingering {
 public:
  static constexpr size_t kMaxSockets = 1024;  // more are closed at once
  static constexpr Nanos kLongest = Millis(1000);
  static constexpr uint64_t kMaxDiscarded = 4 << 20;  // bytes of one socket

  explicit Lingering(PosixLoop& loop);
  ~Lingering();

  // Takes a connected socket that the loop watches.
  void Take(UniqueFd fd);
  void Clear();

 private:
  class Socket;

  PosixLoop& loop_;
  std::unordered_map<Socket*, std::unique_ptr<Socket>> sockets_;
};

}  // namespace memgrid::env::internal
