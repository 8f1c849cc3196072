#include "storage/store_impl.h"

#include <algorithm>
#include <utility>

#include "storage/on_loops.h"

namespace memgrid::storage {

StoreImpl::StoreImpl(const StoreOptions& options, std::unique_ptr<Wblocks> wblocks, env::LoopGroup& loops)
    : options_(options),
      loops_(loops),
      shared_(std::move(wblocks), loops.size()),
      keeper_(*shared_.wblocks),
      shard_table_(static_cast<size_t>(shared_.geometry.shards)) {
  shared_.tuning.Set(options);
  shared_.weakened = options.weakened;
  for (int i = 0; i < loops.size(); ++i) parts_.push_back(std::make_unique<LoopPart>(shared_, keeper_, loops.loop(i)));
}

void StoreImpl::Start(absl::AnyInvocable<void()> done) {
  const auto work = [this](int loop) {
    LoopPart& part = *parts_[static_cast<size_t>(loop)];
    for (int shard = loop; shard < shards(); shard += loops_.size()) {
      shard_table_[static_cast<size_t>(shard)] = &part.AddShard(shard);
    }
    std::vector<LoopPart*> all;
    for (const auto& each : parts_) all.push_back(each.get());
    part.Join(std::move(all));
  };
  OnAllLoops(loops_, work, std::move(done));
}

StoreStats StoreImpl::stats() const {
  StoreStats stats;
  stats.name = options_.name;
  stats.wblock_bytes = shared_.geometry.wblock_bytes();
  stats.capacity_bytes = shared_.geometry.capacity_bytes();
  stats.flushes = shared_.counters.flushes.load(std::memory_order_relaxed);
  stats.flushed_bytes = shared_.counters.flushed_bytes.load(std::memory_order_relaxed);
  stats.defrag_moved_bytes = shared_.counters.defrag_moved_bytes.load(std::memory_order_relaxed);
  stats.user_bytes = shared_.counters.user_bytes.load(std::memory_order_relaxed);
  for (const ShardImpl* shard : shard_table_) {
    stats.shards.push_back(shard->stats());
    stats.live_bytes += stats.shards.back().live_bytes;
    stats.index_bytes += stats.shards.back().index_bytes;
  }
  for (uint32_t i = 0; i < shared_.stripes.size(); ++i) stats.stripes.push_back(StatsOf(i));
  const auto used_pct = static_cast<uint64_t>(shared_.tuning.stop_writes_used_pct.load(std::memory_order_relaxed));
  const auto avail_pct = static_cast<uint64_t>(shared_.tuning.stop_writes_avail_pct.load(std::memory_order_relaxed));
  // What does not fit is refused before it is counted, so a store is full when not even a wblock would fit.
  if (stats.live_bytes + stats.index_bytes + stats.wblock_bytes > stats.capacity_bytes / 100 * used_pct) {
    stats.stop_writes_reason = "stop-writes-used-pct";
  } else if (uint64_t{shared_.pool.free()} * 100 < avail_pct * shared_.geometry.usable_wblocks()) {
    stats.stop_writes_reason = "stop-writes-avail-pct";
  } else if (shared_.device_full.load(std::memory_order_relaxed) &&
             shared_.pool.ready() <= shared_.pool.reserve(Purpose::kWrite)) {
    stats.stop_writes_reason = "device full";
  }
  stats.stop_writes = !stats.stop_writes_reason.empty();
  return stats;
}

StripeStats StoreImpl::StatsOf(uint32_t stripe) const {
  constexpr uint8_t kQuarantined = 253, kOpen = 254, kFree = 255;
  StripeStats stats;
  const Stripe& of = shared_.stripes[stripe];
  stats.path = of.path;
  stats.read_only = of.failed.load(std::memory_order_acquire);
  if (stats.read_only) stats.read_only_reason = of.reason;
  stats.unflushed_bytes = const_cast<WblockPool&>(shared_.pool).unflushed(stripe).load(std::memory_order_relaxed);
  const Geometry& geometry = shared_.geometry;
  for (uint32_t i = 1; i < geometry.stripe_wblocks; ++i) {
    const Wblock& wblock = (*shared_.wblocks)[stripe * geometry.stripe_wblocks + i];
    ++stats.wblocks;
    uint8_t shown = kFree;
    switch (wblock.use.load(std::memory_order_relaxed)) {
      case WblockUse::kFree:
        ++stats.free_wblocks;
        break;
      case WblockUse::kOpen:
        ++stats.open_wblocks;
        shown = kOpen;
        break;
      case WblockUse::kSealed:
        ++stats.sealed_wblocks;
        shown = static_cast<uint8_t>(uint64_t{wblock.live.load(std::memory_order_relaxed)} * 100 / geometry.wblock_bytes());
        break;
      case WblockUse::kQuarantined:
        ++stats.quarantined_wblocks;
        shown = kQuarantined;
        break;
    }
    stats.occupancy.push_back(static_cast<char>(shown));
  }
  return stats;
}

void StoreImpl::Adjust(const StoreOptions& options) {
  options_.flush_max_ms = options.flush_max_ms;
  options_.max_write_cache = options.max_write_cache;
  options_.defrag_lwm_pct = options.defrag_lwm_pct;
  options_.defrag_queue_min = options.defrag_queue_min;
  options_.defrag_sleep_us = options.defrag_sleep_us;
  options_.stop_writes_used_pct = options.stop_writes_used_pct;
  options_.stop_writes_avail_pct = options.stop_writes_avail_pct;
  shared_.tuning.Set(options);
}

void StoreImpl::LeaveLoops(absl::AnyInvocable<void()> done) {
  OnAllLoops(loops_, [this](int loop) { parts_[static_cast<size_t>(loop)]->Leave(); }, std::move(done));
}

void StoreImpl::SetHeaders(std::unique_ptr<HeaderKeeper> headers) {
  headers_ = std::move(headers);
  reserver_ = std::make_unique<Reserver>(shared_, *headers_, loops_.loop(0), options_.commit_to_device);
  parts_[0]->SetReserver(reserver_.get());
}

void StoreImpl::Close(absl::AnyInvocable<void(absl::Status)> done) {
  closed_ = std::move(done);
  shared_.serving.store(false, std::memory_order_release);
  if (!shared_.geometry.shadow) {
    LeaveLoops([this] { std::exchange(closed_, nullptr)(absl::OkStatus()); });
    return;
  }
  DrainShards([this](absl::Status drained) {
    StopReserver([this, drained = std::move(drained)]() mutable { WriteCleanFlag(std::move(drained)); });
  });
}

// Every shard flushes and claims what it has; the first failure is the answer.
void StoreImpl::DrainShards(absl::AnyInvocable<void(absl::Status)> done) {
  struct Round {
    absl::AnyInvocable<void(absl::Status)> done;
    absl::Status status;
    int left;
  };
  auto* round = new Round{std::move(done), absl::OkStatus(), shards()};
  for (ShardImpl* shard : shard_table_) {
    shard->owner().Post([this, shard, round] {
      shard->Drain([this, round](absl::Status status) {
        loops_.loop(0).Post([round, status = std::move(status)] {
          if (round->status.ok()) round->status = status;
          if (--round->left > 0) return;
          std::unique_ptr<Round> last(round);
          last->done(last->status);
        });
      });
    });
  }
}

void StoreImpl::StopReserver(absl::AnyInvocable<void()> done) {
  if (reserver_->Stop()) return done();
  reserver_->Run(std::move(done));  // when what is under way is over
}

void StoreImpl::WriteCleanFlag(absl::Status drained) {
  const auto finish = [this](absl::Status status) {
    LeaveLoops([this, status = std::move(status)] { std::exchange(closed_, nullptr)(status); });
  };
  if (!drained.ok()) return finish(std::move(drained));
  headers_->Update([](StripeHeader& header) { header.flags |= StripeHeader::kClean; }, finish);
}

}  // namespace memgrid::storage
