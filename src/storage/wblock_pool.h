// Wblocks that nobody uses. One pool for all loops of a store; touched once per wblock, so a lock is cheap enough.

#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "storage/wblocks.h"

namespace memgrid::storage {

// Who asks decides how deep into the reserve he may go: reclaim must always be able to make progress, and deletes must
// always fit, so writes stop first.
enum class Purpose : uint8_t { kWrite, kDelete, kSurvivor };

// A free wblock is `ready` once its space on the device is reserved and the stripe header covers it, `raw` before.
// Thread-safe.
class WblockPool {
 public:
  static constexpr uint32_t kSurvivorReserve = 2;  // wblocks a loop
  static constexpr uint32_t kDeleteReserve = 1;

  // Starts empty.
  WblockPool(Wblocks& wblocks, int loops);

  void Add(uint32_t wblock, bool ready);
  // A ready wblock of the stripe with most credit that is not read-only. Nothing if the reserve for those in greater
  // need would be touched.
  std::optional<uint32_t> Take(Purpose purpose);
  // This one, if it is free and ready.
  bool TakeThis(uint32_t wblock);
  // Whether Take(purpose) would give `count` wblocks.
  bool Has(Purpose purpose, uint32_t count) const;

  // Next raw wblocks of `stripe` in ascending order, at most `limit`; they belong to the caller, who adds them again.
  std::vector<uint32_t> TakeRaw(uint32_t stripe, uint32_t limit);

  // No wblock of the stripe is given out any more.
  void SetReadOnly(uint32_t stripe);
  // Bytes not yet durable of the stripe, for choosing between stripes.
  std::atomic<uint64_t>& unflushed(uint32_t stripe) { return stripes_[stripe].unflushed; }

  uint32_t free() const { return free_.load(std::memory_order_relaxed); }
  uint32_t ready() const { return ready_.load(std::memory_order_relaxed); }
  uint32_t free_in(uint32_t stripe) const;
  uint32_t raw_in(uint32_t stripe) const;
  uint32_t reserve(Purpose purpose) const;

 private:
  struct Stripe {
    std::vector<uint32_t> ready;  // taken from the back
    std::vector<uint32_t> raw;    // descending, so that the lowest is taken from the back
    bool read_only = false;
    std::atomic<uint64_t> unflushed{0};
  };

  Wblocks& wblocks_;
  const uint32_t loops_;
  mutable absl::Mutex mutex_;
  std::vector<Stripe> stripes_;  // guarded by mutex_ but for the atomics
  std::atomic<uint32_t> free_{0};
  std::atomic<uint32_t> ready_{0};
};

}  // namespace memgrid::storage
