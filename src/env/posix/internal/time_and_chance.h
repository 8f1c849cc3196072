// The kernel's clocks and its random generator.

#pragma once

#include "env/clock.h"
#include "env/random.h"

namespace memgrid::env::internal {

class PosixClock final : public Clock {
 public:
  Nanos Monotonic() const override;
  int64_t WallMillis() const override;
};

// Next() serves a buffer of the calling thread that one system call fills.
class PosixRandom final : public Random {
 public:
  uint64_t Next() override;
  void Fill(std::span<char> out) override;
};

}  // namespace memgrid::env::internal
