#include "replication/local/local_replicator.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/status.h"

namespace memgrid::replication {
namespace {

// A server alone is its own leader for ever.
constexpr uint64_t kTerm = 1;

}  // namespace

LocalReplicator::LocalReplicator(StateMachine& machine, env::Loop& loop)
    : machine_(machine),
      loop_(loop),
      monotonic_start_(loop.clock().Monotonic()),
      time_start_ms_(std::max<uint64_t>(machine.clock_ms(), static_cast<uint64_t>(std::max<int64_t>(
                                                                0, loop.clock().WallMillis())))) {}

uint64_t LocalReplicator::Now() {
  const auto passed =
      std::chrono::duration_cast<env::Millis>(loop_.clock().Monotonic() - monotonic_start_);
  return std::max(time_start_ms_ + static_cast<uint64_t>(passed.count()), machine_.clock_ms());
}

void LocalReplicator::Propose(const Entry& entry, Applied applied) {
  Answer answer;
  if (stopped_) {
    applied(base::Unavailable("the server is stopping"), 0, answer);
    return;
  }
  const uint64_t seq = machine_.applied() + 1;
  machine_.Apply(seq, kTerm, Now(), entry, answer);
  applied(absl::OkStatus(), seq, answer);
  if (!waiters_.empty()) Release(machine_.applied());
}

void LocalReplicator::WhenReadable(Consistency consistency, uint64_t min_version,
                                   env::Nanos deadline, Readable readable) {
  if (ReadableNow(consistency, min_version)) {
    readable(absl::OkStatus());
    return;
  }
  if (stopped_ || waiters_.size() >= kMostWaiters) {
    readable(base::WithRetryAfter(
        base::Unavailable(stopped_ ? "the server is stopping"
                                   : "too many reads wait for a version not applied yet"),
        100));
    return;
  }
  const env::Nanos now = loop_.clock().Monotonic();
  const env::Nanos longest = now + kLongestWait;
  const bool by_deadline = deadline <= longest;
  const auto at = waiters_.emplace(min_version, Waiter{std::move(readable), 0});
  at->second.timer = loop_.RunAfter(
      std::max(env::Nanos(0), std::min(deadline, longest) - now), [this, at, by_deadline] {
        const uint64_t version = at->first;
        Readable expired = std::move(at->second.readable);
        waiters_.erase(at);
        const auto text =
            base::StrCat("min_version ", version, " is not applied yet; the last version is ",
                         machine_.applied());
        expired(by_deadline ? base::DeadlineExceeded(text)
                            : base::WithRetryAfter(base::Unavailable(text), 1000));
      });
}

void LocalReplicator::Release(uint64_t applied) {
  while (!waiters_.empty() && waiters_.begin()->first <= applied) {
    auto node = waiters_.extract(waiters_.begin());
    loop_.Cancel(node.mapped().timer);
    node.mapped().readable(absl::OkStatus());
  }
}

void LocalReplicator::Stop() {
  stopped_ = true;
  while (!waiters_.empty()) {
    auto node = waiters_.extract(waiters_.begin());
    loop_.Cancel(node.mapped().timer);
    node.mapped().readable(base::Unavailable("the server is stopping"));
  }
}

}  // namespace memgrid::replication
