#include "frontend/grpc/deadline_wheel.h"

#include <algorithm>
#include <bit>

namespace memgrid::frontend::grpc {

DeadlineWheel::Entry::~Entry() { DeadlineWheel::Clear(*this); }

DeadlineWheel::DeadlineWheel(env::Loop& loop)
    : loop_(loop),
      heads_(std::make_unique<Head[]>(kBuckets)),
      done_tick_(loop.clock().Monotonic().count() / kTickNanos) {}

DeadlineWheel::~DeadlineWheel() {
  if (timer_ != 0) loop_.Cancel(timer_);
}

void DeadlineWheel::Set(Entry& entry, env::Nanos when) {
  Clear(entry);
  entry.when_ = when;
  // With no timer set every bucket is empty: nothing between then and now needs a look.
  if (armed_tick_ == 0) done_tick_ = std::max(done_tick_, loop_.clock().Monotonic().count() / kTickNanos);
  // Rounded up, so that the bucket's time is never before the deadline; one that has passed goes to the next tick.
  int64_t tick = std::max(when.count() / kTickNanos + 1, done_tick_ + 1);
  int64_t bucket = tick % kBuckets;
  Link(heads_[bucket].ring, entry);
  used_[bucket / 64] |= uint64_t{1} << (bucket % 64);
  // Far deadlines share one early look at their bucket instead of a timer each.
  int64_t look = std::min(tick, done_tick_ + kBuckets);
  if (armed_tick_ == 0 || look < armed_tick_) Arm(look);
}

void DeadlineWheel::Clear(Entry& entry) {
  if (entry.next_ == nullptr || entry.next_ == &entry) return;
  entry.next_->previous_ = entry.previous_;
  entry.previous_->next_ = entry.next_;
  entry.next_ = entry.previous_ = nullptr;
}

void DeadlineWheel::Link(Entry& head, Entry& entry) {
  entry.previous_ = head.previous_;
  entry.next_ = &head;
  head.previous_->next_ = &entry;
  head.previous_ = &entry;
}

void DeadlineWheel::Arm(int64_t tick) {
  if (timer_ != 0) loop_.Cancel(timer_);
  armed_tick_ = tick;
  env::Nanos delay = env::Nanos(tick * kTickNanos) - loop_.clock().Monotonic();
  timer_ = loop_.RunAfter(std::max(delay, env::Nanos(0)), [this] { Fire(); });
}

void DeadlineWheel::ArmNext() {
  // The first used bucket after the last one looked at, once round the ring.
  for (int64_t step = 1; step <= kBuckets;) {
    int64_t bucket = (done_tick_ + step) % kBuckets;
    uint64_t rest = used_[bucket / 64] >> (bucket % 64);
    if (rest != 0) {
      step += std::countr_zero(rest);
      if (step <= kBuckets) Arm(done_tick_ + step);
      return;
    }
    step += 64 - bucket % 64;
  }
}

void DeadlineWheel::Fire() {
  timer_ = 0;
  armed_tick_ = 0;
  env::Nanos now = loop_.clock().Monotonic();
  int64_t now_tick = now.count() / kTickNanos;
  int64_t first = std::max(done_tick_ + 1, now_tick - kBuckets + 1);
  done_tick_ = std::max(done_tick_, now_tick);
  for (int64_t tick = first; tick <= now_tick; ++tick) {
    int64_t bucket = tick % kBuckets;
    if ((used_[bucket / 64] >> (bucket % 64) & 1) != 0) FireBucket(bucket, now);
  }
  if (armed_tick_ == 0) ArmNext();
}

void DeadlineWheel::FireBucket(int64_t bucket, env::Nanos now) {
  // Moved aside first: OnDeadline may add to the bucket and take any entry off.
  Head moved;
  while (!heads_[bucket].empty()) {
    Entry& entry = *heads_[bucket].ring.next_;
    Clear(entry);
    Link(moved.ring, entry);
  }
  used_[bucket / 64] &= ~(uint64_t{1} << (bucket % 64));
  while (!moved.empty()) {
    Entry& entry = *moved.ring.next_;
    if (entry.when_ <= now) {
      Clear(entry);
      entry.OnDeadline();
    } else {
      Clear(entry);
      Link(heads_[bucket].ring, entry);
      used_[bucket / 64] |= uint64_t{1} << (bucket % 64);
    }
  }
}

}  // namespace memgrid::frontend::grpc
