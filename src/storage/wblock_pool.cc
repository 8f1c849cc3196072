#include "storage/wblock_pool.h"

#include <algorithm>
#include <functional>

namespace memgrid::storage {

WblockPool::WblockPool(Wblocks& wblocks, int loops)
    : wblocks_(wblocks), loops_(static_cast<uint32_t>(loops)), stripes_(wblocks.geometry().stripes) {}

uint32_t WblockPool::reserve(Purpose purpose) const {
  switch (purpose) {
    case Purpose::kSurvivor:
      return 0;
    case Purpose::kDelete:
      return kSurvivorReserve * loops_;
    case Purpose::kWrite:
      break;
  }
  return (kSurvivorReserve + kDeleteReserve) * loops_;
}

void WblockPool::Add(uint32_t wblock, bool ready) {
  absl::MutexLock lock(&mutex_);
  Stripe& stripe = stripes_[wblocks_.stripe(wblock)];
  if (ready) {
    stripe.ready.push_back(wblock);
  } else {
    auto at = std::lower_bound(stripe.raw.begin(), stripe.raw.end(), wblock, std::greater<>());
    stripe.raw.insert(at, wblock);
  }
  if (stripe.read_only) return;
  free_.fetch_add(1, std::memory_order_relaxed);
  if (ready) ready_.fetch_add(1, std::memory_order_relaxed);
}

std::optional<uint32_t> WblockPool::Take(Purpose purpose) {
  absl::MutexLock lock(&mutex_);
  if (ready() <= reserve(purpose)) return std::nullopt;
  Stripe* best = nullptr;
  for (Stripe& stripe : stripes_) {
    if (stripe.read_only || stripe.ready.empty()) continue;
    if (best == nullptr || stripe.unflushed.load(std::memory_order_relaxed) <
                               best->unflushed.load(std::memory_order_relaxed)) {
      best = &stripe;
    }
  }
  if (best == nullptr) return std::nullopt;
  const uint32_t wblock = best->ready.back();
  best->ready.pop_back();
  free_.fetch_sub(1, std::memory_order_relaxed);
  ready_.fetch_sub(1, std::memory_order_relaxed);
  return wblock;
}

bool WblockPool::TakeThis(uint32_t wblock) {
  absl::MutexLock lock(&mutex_);
  Stripe& stripe = stripes_[wblocks_.stripe(wblock)];
  const auto at = std::find(stripe.ready.begin(), stripe.ready.end(), wblock);
  if (stripe.read_only || at == stripe.ready.end()) return false;
  stripe.ready.erase(at);
  free_.fetch_sub(1, std::memory_order_relaxed);
  ready_.fetch_sub(1, std::memory_order_relaxed);
  return true;
}

bool WblockPool::Has(Purpose purpose, uint32_t count) const { return ready() >= count + reserve(purpose); }

std::vector<uint32_t> WblockPool::TakeRaw(uint32_t stripe, uint32_t limit) {
  absl::MutexLock lock(&mutex_);
  Stripe& from = stripes_[stripe];
  std::vector<uint32_t> taken;
  if (from.read_only) return taken;
  while (!from.raw.empty() && taken.size() < limit) {
    taken.push_back(from.raw.back());
    from.raw.pop_back();
  }
  free_.fetch_sub(static_cast<uint32_t>(taken.size()), std::memory_order_relaxed);
  return taken;
}

void WblockPool::SetReadOnly(uint32_t stripe) {
  absl::MutexLock lock(&mutex_);
  Stripe& failed = stripes_[stripe];
  if (failed.read_only) return;
  failed.read_only = true;
  free_.fetch_sub(static_cast<uint32_t>(failed.ready.size() + failed.raw.size()), std::memory_order_relaxed);
  ready_.fetch_sub(static_cast<uint32_t>(failed.ready.size()), std::memory_order_relaxed);
}

uint32_t WblockPool::free_in(uint32_t stripe) const {
  absl::MutexLock lock(&mutex_);
  return static_cast<uint32_t>(stripes_[stripe].ready.size() + stripes_[stripe].raw.size());
}

uint32_t WblockPool::raw_in(uint32_t stripe) const {
  absl::MutexLock lock(&mutex_);
  return static_cast<uint32_t>(stripes_[stripe].raw.size());
}

}  // namespace memgrid::storage
