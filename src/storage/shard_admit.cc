// Admission: everything that could stop a command is found out here, before it has a sequence. What is refused leaves
// nothing behind.

#include <algorithm>

#include "base/status.h"
#include "base/units.h"
#include "storage/shard_impl.h"

namespace memgrid::storage {
namespace {

constexpr int kHardUsedPct = 85;
constexpr int kFreesUsedPct = 95;       // deletes need a little room to make room
constexpr uint64_t kFreesCreditPct = 5;  // of the write cache, for deletes alone
constexpr int64_t kRetryMs = 50;
constexpr int64_t kSoonMs = 5;

}  // namespace

Admission ShardImpl::Admit(const Need& need) {
  Admission admission;
  if (damaged_.load(std::memory_order_relaxed)) {
    admission.status = base::DataLoss("shard ", state_.number, " is damaged: a lost write may be of any key in it");
    return admission;
  }
  if (!flusher_.failure().ok()) {
    admission.status = flusher_.failure();
    return admission;
  }
  admission.status = CheckSpace(need);
  if (!admission.status.ok()) return admission;
  if (shadow_) admission.status = CheckCredit(need, &admission.delay);
  if (!admission.status.ok()) return admission;
  // Room for its records however they fall into wblocks. Rounding of each record and the padding of flushes included.
  const uint64_t bytes = need.bytes + uint64_t{8} * need.records + shared_.geometry.io_unit + kMarkBytes;
  if (bytes <= head_.room()) return admission;
  const uint64_t wblocks = (bytes + shared_.geometry.sure_bytes() - 1) / shared_.geometry.sure_bytes();
  const Purpose purpose = need.frees ? Purpose::kDelete : Purpose::kWrite;
  if (!space_.Prepare(purpose, static_cast<uint32_t>(wblocks))) admission.status = WhyNoWblock(purpose);
  return admission;
}

absl::Status ShardImpl::WhyNoWblock(Purpose purpose) const {
  const WblockPool& pool = shared_.pool;
  if (shared_.device_full.load(std::memory_order_relaxed)) {
    return base::ResourceExhausted("the device of a shadow file is full; tried again every second");
  }
  if (pool.free() > pool.ready() && pool.free() > pool.reserve(purpose)) {
    return base::WithRetryAfter(base::Unavailable("space for more wblocks is being reserved on the device"), kSoonMs);
  }
  return base::ResourceExhausted("the store has no free wblock: ", pool.free(), " of ", shared_.geometry.usable_wblocks(),
                                 " are free, the rest waits for defrag");
}

absl::Status ShardImpl::CheckSpace(const Need& need) const {
  const uint64_t capacity = shared_.geometry.capacity_bytes();
  const int limit_pct = need.frees ? kFreesUsedPct
                                   : std::min(kHardUsedPct, shared_.tuning.stop_writes_used_pct.load(std::memory_order_relaxed));
  // What this shard did since it last published its use, besides what all have published.
  const uint64_t used = shared_.used.load(std::memory_order_relaxed) + accounts_.live() - std::min(accounts_.live(), published_live_);
  const uint64_t limit = capacity / 100 * static_cast<uint64_t>(limit_pct);
  // What the index may grow by is asked only where it could matter.
  const bool near = need.creations > 0 && used + need.bytes > limit - limit / 8;
  const uint64_t growth = near ? index_.GrowthBytes(need.creations) : 0;
  if (need.bytes > limit || used + need.bytes + growth > limit) {
    return base::ResourceExhausted("stop-writes: ", base::FormatBytes(used), " of ", base::FormatBytes(capacity),
                                   " are in use, ", limit_pct, " % are allowed");
  }
  if (need.frees) return absl::OkStatus();
  const auto avail = static_cast<uint64_t>(shared_.tuning.stop_writes_avail_pct.load(std::memory_order_relaxed));
  if (uint64_t{shared_.pool.free()} * 100 < avail * shared_.geometry.usable_wblocks()) {
    return base::ResourceExhausted("stop-writes: fewer than ", avail, " % of the wblocks are free");
  }
  return absl::OkStatus();
}

// Credit: slows, then refuses writers when the device does not keep up, by bytes and by age.
absl::Status ShardImpl::CheckCredit(const Need& need, env::Nanos* delay) const {
  const std::chrono::milliseconds flush_max(shared_.tuning.flush_max_ms.load(std::memory_order_relaxed));
  uint64_t cache = shared_.tuning.max_write_cache.load(std::memory_order_relaxed);
  uint64_t unflushed = 0;
  for (int i = 0; i < shared_.geometry.stripes; ++i) {
    unflushed += shared_.pool.unflushed(static_cast<uint32_t>(i)).load(std::memory_order_relaxed);
  }
  cache *= static_cast<uint64_t>(shared_.geometry.stripes);
  if (need.frees) cache += cache / 100 * kFreesCreditPct;
  double fill = static_cast<double>(unflushed) / static_cast<double>(cache);
  const env::Nanos oldest = flusher_.oldest_unflushed();
  if (oldest != Flusher::kNever && turn_now_ > oldest) {
    const double age = std::chrono::duration<double>(turn_now_ - oldest) / std::chrono::duration<double>(flush_max);
    // Half of the time is what a flush waits for company; only the other half is the device's.
    fill = std::max(fill, age - 0.25);
  }
  if (fill >= 1 && !need.frees) {
    return base::WithRetryAfter(base::Unavailable("the shadow files do not keep up: ", base::FormatBytes(unflushed),
                                                  " are not durable yet"), kRetryMs);
  }
  if (fill > 0.5) *delay = std::chrono::duration_cast<env::Nanos>(flush_max * std::min(1.0, (fill - 0.5) * 2) * (fill - 0.5) * 2);
  return absl::OkStatus();
}

}  // namespace memgrid::storage
