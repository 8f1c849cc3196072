#include "env/sim/internal/scheduler.h"

#include <algorithm>
#include <utility>

namespace memgrid::env::internal {

void Scheduler::At(Nanos time, base::Task event) {
  events_.emplace(Key(std::max(time, now_), chance_.Next(), ++numbered_), std::move(event));
}

bool Scheduler::Step(Nanos limit) {
  if (events_.empty() || std::get<0>(events_.begin()->first) > limit) {
    now_ = std::max(now_, limit);
    return false;
  }
  auto node = events_.extract(events_.begin());
  now_ = std::get<0>(node.key());
  node.mapped()();
  return true;
}

void Scheduler::Clear() {
  // What is destroyed may bring new events.
  for (int round = 0; round < 3; ++round) std::exchange(events_, {}).clear();
}

void Scheduler::Note(uint64_t what, uint64_t a, uint64_t b) {
  // Each value is spread over the word before the next comes: order counts.
  for (const uint64_t value : {what, a, b, static_cast<uint64_t>(now_.count())}) {
    trace_ = (trace_ ^ value) * 0x9e3779b97f4a7c15u;
    trace_ ^= trace_ >> 29;
  }
}

}  // namespace memgrid::env::internal
