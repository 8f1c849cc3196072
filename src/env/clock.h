// Time. Nothing in memgrid asks the operating system for it but through this.

#pragma once

#include <chrono>
#include <cstdint>

namespace memgrid::env {

using Nanos = std::chrono::nanoseconds;
using Millis = std::chrono::milliseconds;

// Thread-safe. A simulated clock moves only when the simulation says so.
class Clock {
 public:
  virtual ~Clock() = default;

  // Time since some fixed point; never steps back. For deadlines, timers and rates.
  virtual Nanos Monotonic() const = 0;

  // Milliseconds since 1970. May step either way: only a shard's proposer reads it (expiry is
  // decided in the log), and the log and certificates show it.
  virtual int64_t WallMillis() const = 0;
};

}  // namespace memgrid::env
