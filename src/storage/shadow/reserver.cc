#include "storage/shadow/reserver.h"

#include <algorithm>
#include <utility>

namespace memgrid::storage {
namespace {

constexpr uint64_t kAheadBytes = 64u << 20;  // more than the largest command
constexpr uint64_t kBlankBytes = 1u << 20;   // at a time
constexpr env::Nanos kTryAgain = std::chrono::seconds(1);

uint32_t AheadWblocks(const Shared& shared) {
  return static_cast<uint32_t>(
      std::clamp<uint64_t>(kAheadBytes >> shared.geometry.wblock_shift, 4, 64));
}

}  // namespace

Reserver::Reserver(Shared& shared, HeaderKeeper& headers, env::Loop& loop, bool blank)
    : shared_(shared), headers_(headers), loop_(loop), blank_(blank) {
  for (uint32_t i = 0; i < shared_.stripes.size(); ++i)
    unused_from_.push_back(headers_.header(i).highest + 1);
}

uint32_t Reserver::LowWater(const Shared& shared) {
  return shared.pool.reserve(Purpose::kWrite) + AheadWblocks(shared);
}

bool Reserver::Stop() {
  stopped_ = true;
  return busy_ == 0;
}

void Reserver::Run(absl::AnyInvocable<void()> settled) {
  if (settled) settled_ = std::move(settled);
  const bool wanted =
      shared_.pool.ready() < LowWater(shared_) && shared_.pool.free() > shared_.pool.ready();
  if (!stopped_ && busy_ == 0 && wanted && loop_.clock().Monotonic() >= not_before_) {
    for (uint32_t i = 0; i < shared_.stripes.size(); ++i) Start(i);
  }
  if (busy_ == 0 && settled_) std::exchange(settled_, nullptr)();
}

void Reserver::Start(uint32_t stripe) {
  Step step;
  step.stripe = stripe;
  step.wblocks = shared_.pool.TakeRaw(stripe, AheadWblocks(shared_));
  if (step.wblocks.empty()) return;
  ++busy_;
  Cover(std::move(step));
}

void Reserver::Cover(Step step) {
  const uint32_t last = shared_.wblocks->in_stripe(step.wblocks.back());
  if (last <= headers_.header(step.stripe).highest) return ReserveRun(std::move(step));
  const uint32_t most = shared_.geometry.stripe_wblocks - 1;
  const uint32_t highest = std::min(most, (last + kHeaderStep - 1) / kHeaderStep * kHeaderStep);
  const uint32_t stripe = step.stripe;
  const auto raise = [&](StripeHeader& header) {
    if (header.stripe == stripe) header.highest = std::max(header.highest, highest);
  };
  headers_.Update(raise, [this, step = std::move(step)](absl::Status status) mutable {
    if (!status.ok()) return Finish(std::move(step), status);
    ReserveRun(std::move(step));
  });
}

// Neighbouring wblocks are reserved by one call, fewer at a time when the device has no room for so
// many.
void Reserver::ReserveRun(Step step) {
  if (step.next == step.wblocks.size()) return Finish(std::move(step), absl::OkStatus());
  const size_t first = step.next;
  size_t end = first + 1;
  while (end < step.wblocks.size() && end - first < step.longest &&
         step.wblocks[end] == step.wblocks[end - 1] + 1)
    ++end;
  const uint64_t offset = uint64_t{shared_.wblocks->in_stripe(step.wblocks[first])}
                          << shared_.geometry.wblock_shift;
  const uint64_t length = uint64_t{end - first} << shared_.geometry.wblock_shift;
  env::File& file = *shared_.stripes[step.stripe].file;
  file.Reserve(
      offset, length, [this, first, end, step = std::move(step)](absl::Status status) mutable {
        if (absl::IsResourceExhausted(status) && end - first > 1) {  // a little room is room too
          step.longest = (end - first) / 2;
          return ReserveRun(std::move(step));
        }
        if (!status.ok()) return Finish(std::move(step), status);
        if (blank_ && NeverUsed(step)) return Blank(std::move(step), end, 0);
        RunIsReady(std::move(step), end);
      });
}

bool Reserver::NeverUsed(const Step& step) const {
  return shared_.wblocks->in_stripe(step.wblocks[step.next]) >= unused_from_[step.stripe];
}

// The memory of a wblock that was never used is zeros as well.
void Reserver::Blank(Step step, size_t end, uint64_t from) {
  const uint64_t wblock_bytes = uint64_t{1} << shared_.geometry.wblock_shift;
  const uint64_t length = (end - step.next) * wblock_bytes;
  if (from >= length) return RunIsReady(std::move(step), end);
  const uint32_t first = step.wblocks[step.next];
  const uint64_t part = std::min(kBlankBytes, length - from);
  const uint64_t offset = uint64_t{shared_.wblocks->in_stripe(first)} * wblock_bytes + from;
  const std::span<const char> zeros(shared_.wblocks->memory(first) + from, part);
  env::File& file = *shared_.stripes[step.stripe].file;
  file.Write(offset, zeros,
             [this, end, from, part, step = std::move(step)](absl::Status status) mutable {
               if (!status.ok()) return Finish(std::move(step), status);
               Blank(std::move(step), end, from + part);
             });
}

void Reserver::RunIsReady(Step step, size_t end) {
  for (; step.next < end; ++step.next) shared_.pool.Add(step.wblocks[step.next], /*ready=*/true);
  shared_.device_full.store(false, std::memory_order_relaxed);
  ReserveRun(std::move(step));
}

void Reserver::Finish(Step step, absl::Status status) {
  for (; step.next < step.wblocks.size(); ++step.next)
    shared_.pool.Add(step.wblocks[step.next], /*ready=*/false);
  --busy_;
  if (!status.ok()) {
    shared_.device_full.store(absl::IsResourceExhausted(status), std::memory_order_relaxed);
    not_before_ = loop_.clock().Monotonic() + kTryAgain;
    if (!stopped_) loop_.RunAfter(kTryAgain, [] {});  // the end of that turn tries again
  }
  if (busy_ == 0 && settled_) std::exchange(settled_, nullptr)();
}

}  // namespace memgrid::storage
