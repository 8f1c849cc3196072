#include "storage/flusher.h"

#include <algorithm>
#include <span>
#include <utility>

#include "base/check.h"
#include "base/status.h"

namespace memgrid::storage {

constexpr env::Nanos kClosingMarkAfter = std::chrono::seconds(1);
constexpr env::Nanos kRetryFullDevice = std::chrono::seconds(1);

Flusher::Flusher(Shared& shared, ShardState& state, Accounts& accounts, Stream& head, Stream& survivors,
                 bool* active)
    : shared_(shared), state_(state), accounts_(accounts), head_(head), survivors_(survivors), active_(active) {}

env::Nanos Flusher::flush_age() const {
  return std::chrono::milliseconds(shared_.tuning.flush_max_ms.load(std::memory_order_relaxed)) / 2;
}

void Flusher::WhenPersisted(uint64_t seq, absl::AnyInvocable<void(absl::Status)> done) {
  if (state_.persisted.load(std::memory_order_relaxed) >= seq) return done(absl::OkStatus());
  if (!failure_.ok()) return done(failure_);
  if (waiters_.size() >= kMostWaiters) {
    return done(base::ResourceExhausted(kMostWaiters, " writers wait for the device already"));
  }
  auto at = waiters_.end();
  while (at != waiters_.begin() && std::prev(at)->seq > seq) --at;
  waiters_.insert(at, Waiter{seq, std::move(done)});
}

void Flusher::Drain(absl::AnyInvocable<void(absl::Status)> done) {
  draining_ = true;
  drained_ = std::move(done);
}

uint64_t Flusher::WantedSeq() const {
  uint64_t wanted = flush_to_;
  if (!waiters_.empty()) wanted = std::max(wanted, waiters_.back().seq);
  if (draining_) wanted = std::max(wanted, state_.applied.load(std::memory_order_relaxed));
  return wanted;
}

env::Nanos Flusher::TurnEnd(env::Nanos now) {
  now_ = now;
  if (!failure_.ok()) {
    RunWaiters();
    RunDrained();
    return kNever;
  }
  Track(head_, now);
  Track(survivors_, now);
  CloseHead(now);
  CloseSide(survivors_, now, flush_survivors_ || draining_);
  if (survivors_.stream.flushes().empty() && !survivors_.stream.gathering()) flush_survivors_ = false;
  CloseByMark(head_, now);
  CloseByMark(survivors_, now);
  want_recorded_ = want_recorded_ && state_.recorded.load(std::memory_order_relaxed) <
                                         state_.persisted.load(std::memory_order_relaxed);
  CountGathering(head_);
  CountGathering(survivors_);
  Issue(head_, now);
  Issue(survivors_, now);
  RunWaiters();
  RunDrained();
  return NextDeadline(now);
}

// Gives flushes that were closed since the last turn, and the gathering one, their age.
void Flusher::Track(Side& side, env::Nanos now) {
  while (side.since.size() < side.stream.flushes().size()) {
    const Flush& flush = side.stream.flushes()[side.since.size()];
    side.since.push_back(side.gathering_since == kNever ? now : side.gathering_since);
    side.gathering_since = kNever;
    shared_.pool.unflushed(shared_.wblocks->stripe(flush.wblock)).fetch_add(flush.to - flush.from, std::memory_order_relaxed);
  }
  if (side.stream.gathering() && side.gathering_since == kNever) side.gathering_since = now;
}

void Flusher::CountGathering(Side& side) {
  const uint32_t bytes = side.stream.gathered_bytes();
  const uint32_t stripe = bytes == 0 ? side.counted_stripe : shared_.wblocks->stripe(side.stream.open_wblock());
  if (bytes == side.counted && stripe == side.counted_stripe) return;
  shared_.pool.unflushed(side.counted_stripe).fetch_sub(side.counted, std::memory_order_relaxed);
  shared_.pool.unflushed(stripe).fetch_add(bytes, std::memory_order_relaxed);
  side.counted = bytes;
  side.counted_stripe = stripe;
}

void Flusher::CloseHead(env::Nanos now) {
  const uint64_t wanted = WantedSeq();
  Stream& head = head_.stream;
  const bool waited_for = wanted > std::max(head.closed_cover(), state_.persisted.load(std::memory_order_relaxed));
  // Group commit: what comes while a flush is under way goes with the next one.
  CloseSide(head_, now, (waited_for && head_.in_flight == 0) || draining_);
  if (waited_for && head_.in_flight == 0 && !head.gathering() && wanted > head.closed_cover()) {
    // Commands that left no record: a mark states that they were applied.
    if (head.CloseMark()) Track(head_, now);
  }
}

void Flusher::CloseSide(Side& side, env::Nanos now, bool at_once) {
  if (!side.stream.gathering()) return;
  if (!at_once && now - side.gathering_since < flush_age()) return;
  side.stream.CloseFlush();
  Track(side, now);
}

// A mark of its own claims what was flushed last: after a quiet second, at the end, and when reclaim waits for it.
void Flusher::CloseByMark(Side& side, env::Nanos now) {
  if (side.stream.gathering() || !side.stream.flushes().empty()) return;
  const bool lags = &side == &head_ && want_recorded_ && state_.recorded.load(std::memory_order_relaxed) <
                                                             state_.persisted.load(std::memory_order_relaxed);
  const bool quiet = side.unclaimed && (draining_ || now - side.last_done >= kClosingMarkAfter);
  if (!lags && !quiet) return;
  if (side.stream.CloseMark()) Track(side, now);
}

void Flusher::Issue(Side& side, env::Nanos now) {
  if (side.retry && now < side.retry_at) return;
  side.retry = false;
  auto& flushes = side.stream.flushes();
  for (size_t i = 0; i < flushes.size() && side.in_flight < kMostInFlight; ++i) {
    if (!flushes[i].issued) Send(side, flushes[i], side.first_id + i);
    if (flushes[i].begins_life && !flushes[i].done) break;
  }
}

void Flusher::Send(Side& side, Flush& flush, uint64_t id) {
  Wblocks& wblocks = *shared_.wblocks;
  const uint32_t stripe = wblocks.stripe(flush.wblock);
  const Wblock& wblock = wblocks[flush.wblock];
  flush.issued = true;
  flush.mark.persisted = state_.persisted.load(std::memory_order_relaxed);
  flush.mark.durable = wblock.durable;
  flush.mark.earlier_durable = side.stream.flushes().front().wblock == flush.wblock;
  char* memory = wblocks.memory(flush.wblock);
  WriteMark(memory + flush.from, flush.mark, MarkPlace{shared_.set, stripe, wblocks.in_stripe(flush.wblock), flush.from});
  if (!flush.mark_only) side.unclaimed = true;
  ++side.in_flight;
  const uint64_t offset = (uint64_t{wblocks.in_stripe(flush.wblock)} << shared_.geometry.wblock_shift) + flush.from;
  shared_.counters.flushes.fetch_add(1, std::memory_order_relaxed);
  shared_.counters.flushed_bytes.fetch_add(flush.to - flush.from, std::memory_order_relaxed);
  shared_.stripes[stripe].file->Write(offset, std::span<const char>(memory + flush.from, flush.to - flush.from),
                                      [this, &side, id](absl::Status status) { OnDone(side, id, std::move(status)); });
}

void Flusher::OnDone(Side& side, uint64_t id, absl::Status status) {
  --side.in_flight;
  *active_ = true;
  if (!failure_.ok()) return RunDrained();
  Flush& flush = side.stream.flushes()[id - side.first_id];
  if (absl::IsResourceExhausted(status)) {  // nothing was written: again when there may be room
    flush.issued = false;
    side.retry = true;
    side.retry_at = now_ + kRetryFullDevice;
    shared_.device_full.store(true, std::memory_order_relaxed);
    return;
  }
  if (!status.ok()) return Fail(side, status);
  if (side.retry) shared_.device_full.store(false, std::memory_order_relaxed);
  flush.done = true;
  Settle(side);
}

void Flusher::Settle(Side& side) {
  auto& flushes = side.stream.flushes();
  while (!flushes.empty() && flushes.front().done) {
    SettleOne(side, flushes.front());
    flushes.pop_front();
    side.since.pop_front();
    ++side.first_id;
  }
  side.last_done = now_;
  RunWaiters();
}

// This flush and all before it in its stream are durable.
void Flusher::SettleOne(Side& side, const Flush& flush) {
  Wblocks& wblocks = *shared_.wblocks;
  Wblock& wblock = wblocks[flush.wblock];
  wblock.durable = flush.data_end;
  // A former life is gone when even the loss of the first mark would not bring it back.
  if (flush.from == shared_.geometry.io_unit) wblocks.durable_incarnation(flush.wblock).store(wblock.incarnation, std::memory_order_release);
  shared_.pool.unflushed(wblocks.stripe(flush.wblock)).fetch_sub(flush.to - flush.from, std::memory_order_relaxed);
  side.stream.set_durable_end(uint64_t{flush.mark.number} << 32 | flush.data_end);
  accounts_.OnStated(wblock, flush.mark.persisted);
  if (&side == &head_ && flush.cover > state_.persisted.load(std::memory_order_relaxed)) {
    state_.persisted.store(flush.cover, std::memory_order_release);
  }
  if (flush.mark.persisted > state_.recorded.load(std::memory_order_relaxed)) {
    state_.recorded.store(flush.mark.persisted, std::memory_order_release);
  }
  // The bytes before a mark are claimed by it if they were durable when it was issued.
  if (flush.mark_only && flush.mark.durable == flush.mark.flushed && flush.mark.earlier_durable) side.unclaimed = false;
}

// Nothing is retried into an acknowledgement: after a failed write nobody knows what the device holds.
void Flusher::Fail(Side& side, const absl::Status& status) {
  const Flush& flush = side.stream.flushes().front();
  Stripe& stripe = shared_.stripes[shared_.wblocks->stripe(flush.wblock)];
  failure_ = base::Unavailable("stripe ", stripe.path, " is read-only after a write error: ", base::FromAbsl(status.message()));
  if (!stripe.failed.load(std::memory_order_relaxed)) {
    stripe.reason = std::string(base::FromAbsl(status.message()));
    stripe.failed.store(true, std::memory_order_release);
    shared_.pool.SetReadOnly(shared_.wblocks->stripe(flush.wblock));
  }
  RunWaiters();
  RunDrained();
}

void Flusher::RunWaiters() {
  const uint64_t persisted = state_.persisted.load(std::memory_order_relaxed);
  while (!waiters_.empty() && (waiters_.front().seq <= persisted || !failure_.ok())) {
    Waiter waiter = std::move(waiters_.front());
    waiters_.pop_front();
    waiter.done(waiter.seq <= persisted ? absl::OkStatus() : failure_);
  }
}

void Flusher::RunDrained() {
  if (!draining_ || !drained_ || head_.in_flight + survivors_.in_flight > 0) return;
  if (failure_.ok()) {
    if (!idle() || head_.stream.gathering() || survivors_.stream.gathering()) return;
    if (head_.unclaimed || survivors_.unclaimed) return;
    if (state_.persisted.load(std::memory_order_relaxed) < state_.applied.load(std::memory_order_relaxed)) return;
  }
  std::exchange(drained_, nullptr)(failure_);
}

env::Nanos Flusher::oldest_unflushed() const {
  env::Nanos oldest = std::min(head_.gathering_since, survivors_.gathering_since);
  if (!head_.since.empty()) oldest = std::min(oldest, head_.since.front());
  if (!survivors_.since.empty()) oldest = std::min(oldest, survivors_.since.front());
  return oldest;
}

env::Nanos Flusher::NextDeadline(env::Nanos now) const {
  env::Nanos next = kNever;
  for (const Side* side : {&head_, &survivors_}) {
    if (side->stream.gathering()) next = std::min(next, side->gathering_since + flush_age());
    if (side->retry) next = std::min(next, side->retry_at);
    if (side->unclaimed && side->stream.flushes().empty() && !side->stream.gathering()) {
      next = std::min(next, side->last_done + kClosingMarkAfter);
    }
  }
  return std::max(next, now);
}

}  // namespace memgrid::storage
