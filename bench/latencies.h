// A histogram of latencies: 64 sub-buckets to each power of two, so a percentile is right to 1.6 %.

#pragma once

#include <array>
#include <bit>
#include <cstdint>

namespace memgrid::bench {

class Latencies {
 public:
  void Add(uint64_t ns) {
    ++buckets_[Bucket(ns)];
    ++count_;
  }
  uint64_t count() const { return count_; }

  // Microseconds below which `share` (0..1) of the calls were.
  double PercentileUs(double share) const {
    uint64_t left = static_cast<uint64_t>(share * static_cast<double>(count_));
    for (size_t i = 0; i < buckets_.size(); ++i) {
      if (buckets_[i] > left) return static_cast<double>(Floor(i)) / 1e3;
      left -= buckets_[i];
    }
    return 0;
  }

 private:
  static constexpr unsigned kSubBits = 6;
  static size_t Bucket(uint64_t ns) {
    if (ns < (1u << kSubBits)) return ns;
    const unsigned power = static_cast<unsigned>(std::bit_width(ns)) - 1;
    return ((power - kSubBits + 1) << kSubBits) +
           ((ns >> (power - kSubBits)) & ((1u << kSubBits) - 1));
  }
  static uint64_t Floor(size_t bucket) {
    if (bucket < (1u << kSubBits)) return bucket;
    const unsigned power = static_cast<unsigned>(bucket >> kSubBits) + kSubBits - 1;
    return (uint64_t{1} << power) + ((bucket & ((1u << kSubBits) - 1)) << (power - kSubBits));
  }

  std::array<uint64_t, 64 << kSubBits> buckets_{};
  uint64_t count_ = 0;
};

}  // namespace memgrid::bench
