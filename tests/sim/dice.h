// Chance for workloads: numbers from one seed, the same on every machine.

#pragma once

#include <bit>
#include <cstdint>

namespace memgrid::sim {

// SplitMix64.
class Dice {
 public:
  explicit Dice(uint64_t seed) : state_(seed) {}

  uint64_t Next() {
    state_ += 0x9E3779B97F4A7C15u;
    uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
  }
  // 0..limit-1; limit > 0.
  uint64_t Below(uint64_t limit) { return Next() % limit; }
  // low..high.
  uint64_t Between(uint64_t low, uint64_t high) { return low + Below(high - low + 1); }
  bool Percent(uint64_t percent) { return Below(100) < percent; }
  // 1..limit, each power of two as likely as the next.
  uint64_t Logarithmic(uint64_t limit) {
    const uint64_t ceiling = uint64_t{1} << Below(static_cast<uint64_t>(std::bit_width(limit)) + 1);
    return 1 + Below(ceiling < limit ? ceiling : limit);
  }

 private:
  uint64_t state_;
};

}  // namespace memgrid::sim
