// A limit on how often something may happen.

#pragma once

#include <algorithm>
#include <cstdint>

#include "env/clock.h"
#include "frontend/grpc/limits.h"

namespace memgrid::frontend::grpc {

// Starts full. Counts in thousandths so that slow rates add up.
class TokenBucket {
 public:
  explicit TokenBucket(const Rate& rate) : rate_(rate), thousandths_(int64_t{rate.burst} * 1000) {}

  // Takes one token; false if there is none. `now` never steps back.
  bool Take(env::Nanos now) {
    if (thousandths_ < 1000) Refill(now);
    if (thousandths_ < 1000) return false;
    thousandths_ -= 1000;
    return true;
  }

  // Gives one back, up to the burst.
  void Give() { thousandths_ = std::min<int64_t>(thousandths_ + 1000, int64_t{rate_.burst} * 1000); }

 private:
  void Refill(env::Nanos now) {
    int64_t elapsed_ms = std::min<int64_t>((now - filled_).count() / 1'000'000, 3'600'000);
    if (elapsed_ms <= 0) return;
    filled_ = now;
    thousandths_ = std::min<int64_t>(thousandths_ + elapsed_ms * rate_.per_second, int64_t{rate_.burst} * 1000);
  }

  Rate rate_;
  int64_t thousandths_;
  env::Nanos filled_{0};
};

}  // namespace memgrid::frontend::grpc
