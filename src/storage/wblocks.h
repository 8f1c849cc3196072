// The memory of a store: all wblocks of all stripes side by side, and what is known of each.
//
// Address to wblock and back is a subtraction and a shift.

#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string_view>

#include "absl/status/statusor.h"
#include "base/reserved_memory.h"
#include "storage/geometry.h"
#include "storage/wblock.h"

namespace memgrid::storage {

// Wblock w of the store is wblock w modulo stripe_wblocks of stripe w / stripe_wblocks. Lives as long as the store.
class Wblocks {
 public:
  // RESOURCE_EXHAUSTED if the address space is refused.
  static absl::StatusOr<std::unique_ptr<Wblocks>> Create(const Geometry& geometry);

  const Geometry& geometry() const { return geometry_; }
  uint32_t count() const { return geometry_.all_wblocks(); }
  uint32_t stripe(uint32_t wblock) const { return wblock / geometry_.stripe_wblocks; }
  uint32_t in_stripe(uint32_t wblock) const { return wblock % geometry_.stripe_wblocks; }
  bool holds_records(uint32_t wblock) const { return wblock < count() && in_stripe(wblock) != 0; }

  char* memory(uint32_t wblock) const { return memory_.data() + (uint64_t{wblock} << shift_); }
  bool Contains(const void* address) const {
    return static_cast<uint64_t>(static_cast<const char*>(address) - memory_.data()) < memory_.size();
  }
  // Of an address inside.
  uint32_t Of(const void* address) const {
    return static_cast<uint32_t>(static_cast<uint64_t>(static_cast<const char*>(address) - memory_.data()) >> shift_);
  }
  uint32_t OffsetOf(const void* address) const {
    return static_cast<uint32_t>(static_cast<uint64_t>(static_cast<const char*>(address) - memory_.data()) & mask_);
  }
  Wblock& operator[](uint32_t wblock) { return states_[wblock]; }
  const Wblock& operator[](uint32_t wblock) const { return states_[wblock]; }

  // Gives the pages of [from, wblock end) back to the system.
  void DiscardTail(uint32_t wblock, uint32_t from);

  // --- any loop ---

  // Incarnation whose first two marks are durable: an earlier life of the wblock cannot be parsed any more.
  std::atomic<uint64_t>& durable_incarnation(uint32_t wblock) { return shared_[wblock].durable_incarnation; }
  // Holders of bytes in it (base/payload.h). Taken within a turn in which the bytes were reachable; so a reclaimer looks
  // here after all loops have ended a turn, not before.
  std::atomic<uint32_t>& pins(uint32_t wblock) { return shared_[wblock].pins; }
  // Reclaim waits for those holders.
  std::atomic<bool>& wanted(uint32_t wblock) { return shared_[wblock].wanted; }

 private:
  struct Shared {
    std::atomic<uint64_t> durable_incarnation{0};
    std::atomic<uint32_t> pins{0};
    std::atomic<bool> wanted{false};
  };

  explicit Wblocks(const Geometry& geometry, base::ReservedMemory memory);

  const Geometry geometry_;
  const int shift_;
  const uint64_t mask_;
  base::ReservedMemory memory_;
  std::unique_ptr<Wblock[]> states_;
  std::unique_ptr<Shared[]> shared_;
};

}  // namespace memgrid::storage
