// Virtual time and the order of everything that happens in a simulation.

#pragma once

#include <cstdint>
#include <map>
#include <random>
#include <string_view>
#include <tuple>

#include "base/task.h"
#include "env/clock.h"

namespace memgrid::env::internal {

// A source of chance that gives the same numbers for one seed everywhere.
class SeededChance {
 public:
  explicit SeededChance(uint64_t seed) : generator_(seed) {}

  uint64_t Next() { return generator_(); }
  // 0 .. bound - 1; 0 for a bound of 0.
  uint64_t Below(uint64_t bound) { return bound == 0 ? 0 : Next() % bound; }
  // Both ends included.
  Nanos Between(Nanos low, Nanos high) {
    return high <= low ? low : low + Nanos(Below(static_cast<uint64_t>((high - low).count()) + 1));
  }
  bool Chance(double probability) {
    return probability > 0 && static_cast<double>(Next() >> 11) * 0x1p-53 < probability;
  }

 private:
  std::mt19937_64 generator_;
};

// Events run one at a time in the order of their time; those of one instant in an order drawn from
// the seed. Threads: one.
class Scheduler {
 public:
  explicit Scheduler(uint64_t seed) : chance_(seed) {}

  Nanos now() const { return now_; }
  SeededChance& chance() { return chance_; }

  void At(Nanos time, base::Task event);
  void After(Nanos delay, base::Task event) { At(now_ + delay, std::move(event)); }

  // Moves time to the next event and runs it; false, with time at `limit`, if none comes by then.
  bool Step(Nanos limit);
  // Destroys all events.
  void Clear();

  // Notes something that happened: two runs of one seed must note the same.
  void Note(uint64_t what, uint64_t a, uint64_t b = 0);
  uint64_t trace_hash() const { return trace_; }

 private:
  using Key = std::tuple<Nanos, uint64_t, uint64_t>;  // time, chance, number

  Nanos now_{0};
  SeededChance chance_;
  std::map<Key, base::Task> events_;
  uint64_t numbered_ = 0;
  uint64_t trace_ = 0;
};

}  // namespace memgrid::env::internal
