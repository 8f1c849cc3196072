// Objects of one size, many of them, named by 32-bit numbers.

#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>
#include <type_traits>
#include <vector>

#include "base/check.h"

namespace memgrid::storage {

// Takes memory in areas of 32 objects, so that malloc's overhead does not count, and gives an area back when its last
// object goes. One thread. Objects left over are not destroyed.
template <typename T>
class Slab {
 public:
  static constexpr uint32_t kNone = ~uint32_t{0};

  // A new T. Numbers of freed ones are used again.
  uint32_t New() {
    const uint32_t area = AreaWithRoom();
    const int at = std::countr_zero(areas_[area].free);
    areas_[area].free &= areas_[area].free - 1;
    const uint32_t number = area * kPerArea + static_cast<uint32_t>(at);
    new (areas_[area].memory.get() + at * sizeof(T)) T();
    return number;
  }

  void Delete(uint32_t number) {
    At(number).~T();
    Area& area = areas_[number / kPerArea];
    if (area.free == 0) with_room_.push_back(number / kPerArea);
    area.free |= uint32_t{1} << number % kPerArea;
    if (area.free != kAllFree) return;
    area.memory.reset();  // stays in with_room_: to be taken again when no other has room
    --live_areas_;
  }

  T& At(uint32_t number) { return *reinterpret_cast<T*>(Address(number)); }
  const T& At(uint32_t number) const { return *reinterpret_cast<const T*>(Address(number)); }

  size_t memory_bytes() const {
    return live_areas_ * (kAreaBytes + 16) + areas_.capacity() * sizeof(Area) + with_room_.capacity() * 4;
  }
  static constexpr size_t kPerArea = 32;
  static constexpr size_t kAreaBytes = kPerArea * sizeof(T);

 private:
  static constexpr uint32_t kAllFree = ~uint32_t{0};
  struct Area {
    std::unique_ptr<std::byte[]> memory;  // null: all of it is free
    uint32_t free = kAllFree;
  };
  static_assert(alignof(T) <= alignof(std::max_align_t));

  std::byte* Address(uint32_t number) const {
    return areas_[number / kPerArea].memory.get() + number % kPerArea * sizeof(T);
  }

  uint32_t AreaWithRoom() {
    while (!with_room_.empty() && areas_[with_room_.back()].free == 0) with_room_.pop_back();
    if (with_room_.empty()) {
      MEMGRID_CHECK(areas_.size() < kNone / kPerArea, "a slab is full");
      areas_.emplace_back();
      with_room_.push_back(static_cast<uint32_t>(areas_.size() - 1));
    }
    Area& area = areas_[with_room_.back()];
    if (area.memory == nullptr) {
      area.memory = std::make_unique_for_overwrite<std::byte[]>(kAreaBytes);
      ++live_areas_;
    }
    return with_room_.back();
  }

  std::vector<Area> areas_;
  std::vector<uint32_t> with_room_;  // areas with room, some perhaps full by now
  size_t live_areas_ = 0;
};

}  // namespace memgrid::storage
