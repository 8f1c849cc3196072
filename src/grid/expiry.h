// Moves a shard's clock: proposes a tick when the next deadline has passed.
//
// Nobody compares a deadline with a clock of his own; between a deadline and its tick (at most 5 ms
// and a commit) the key is still there. A list under way holds ticks up for at most 100 ms: they
// make names vanish that nobody names.
//
// Threads: the owner of the shard.

#pragma once

#include <cstdint>

#include "env/loop.h"

namespace memgrid::grid {

class ShardHost;

class Expiry {
 public:
  static constexpr env::Millis kTickEvery{5};
  static constexpr env::Millis kLongestHoldUp{100};

  explicit Expiry(ShardHost& host) : host_(host) {}
  ~Expiry();

  // Before the shard serves: what expired while it was down expires now, so that nobody sees it
  // again.
  void CatchUp() { Fire(); }
  // Waits for the next deadline, if there is one.
  void Arm();
  // A deadline has come at `deadline_ms` or a little earlier.
  void Expect(uint64_t deadline_ms) {
    if (deadline_ms < armed_for_) Arm();
  }
  void Stop();

 private:
  uint64_t NextDeadline() const;  // ~0: none
  void ArmAfter(env::Nanos delay, uint64_t deadline);
  void Fire();

  ShardHost& host_;
  env::Loop::TimerId timer_ = 0;
  uint64_t armed_for_ = ~uint64_t{0};  // the deadline that the timer waits for
  env::Nanos last_tick_{0};
  env::Nanos held_up_since_{0};  // 0: not
  bool stopped_ = false;
};

}  // namespace memgrid::grid
