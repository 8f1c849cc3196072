#include "grid/expiry.h"

#include <algorithm>

#include "grid/shard_host.h"

namespace memgrid::grid {
namespace {

constexpr env::Millis kRetryRefused{100};
// Timers do not reach further than this; what is further away is looked at again then.
constexpr uint64_t kFurthestMs = 3'600'000;

}  // namespace

Expiry::~Expiry() { Stop(); }

void Expiry::Stop() {
  stopped_ = true;
  if (timer_ != 0) host_.loop().Cancel(timer_);
  timer_ = 0;
}

uint64_t Expiry::NextDeadline() const {
  uint64_t next = host_.shard().NextDeadline();
  ClientId client;
  Session session;
  if (host_.state().sessions().Oldest(&client, &session)) {
    next = std::min(next, session.used_ms + Sessions::kForgottenAfterMs);
  }
  return next;
}

void Expiry::Arm() {
  const uint64_t next = NextDeadline();
  if (stopped_ || next >= armed_for_) return;
  const uint64_t now = host_.replicator().Now();
  const uint64_t wait = next > now ? std::min(next - now, kFurthestMs) : 0;
  const env::Nanos soonest = last_tick_ + kTickEvery - host_.loop().clock().Monotonic();
  ArmAfter(std::max<env::Nanos>(env::Millis(wait), soonest), next);
}

void Expiry::ArmAfter(env::Nanos delay, uint64_t deadline) {
  if (timer_ != 0) host_.loop().Cancel(timer_);
  armed_for_ = deadline;
  timer_ = host_.loop().RunAfter(std::max(delay, env::Nanos(0)), [this] { Fire(); });
}

void Expiry::Fire() {
  timer_ = 0;
  armed_for_ = ~uint64_t{0};
  const uint64_t next = NextDeadline();
  if (stopped_ || next == ~uint64_t{0}) return;
  if (next > host_.replicator().Now()) return Arm();
  const env::Nanos now = host_.loop().clock().Monotonic();
  if (host_.state().journals().open()) {
    if (held_up_since_ == env::Nanos(0)) held_up_since_ = now;
    if (now - held_up_since_ < kLongestHoldUp) return ArmAfter(kTickEvery, next);
  }
  held_up_since_ = env::Nanos(0);
  if (!host_.ProposeOwn({.kind = CommandKind::kTick})) return ArmAfter(kRetryRefused, next);
  host_.counters().ticks.Add();
  last_tick_ = now;
  Arm();
}

}  // namespace memgrid::grid
