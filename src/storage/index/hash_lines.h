// The memory of the hash table: lines of seven slots, in arrays that one word describes.

#pragma once

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace memgrid::storage {

inline constexpr int kSlotsPerLine = 7;

// A cache line of seven slots. All zero bytes is an empty line.
//
// In a bucket, `meta` = number of keys of this home that lie in the stash (high half), version (low half). The version
// changes before a slot of the bucket is overwritten because its key has moved within the array: a reader that met the
// key in neither place sees that, or sees the key.
// In a line of a stash, `meta` is the address of the next line of the chain, or 0.
struct alignas(64) Line {
  std::atomic<uint64_t> slots[kSlotsPerLine];
  std::atomic<uint64_t> meta;

  uint32_t stashed() const { return static_cast<uint32_t>(meta.load(std::memory_order_acquire) >> 32); }
  // The owner's only:
  void AddStashed(int32_t by) {
    const uint64_t now = meta.load(std::memory_order_relaxed);
    const uint64_t stashed = static_cast<uint32_t>(static_cast<uint32_t>(now >> 32) + static_cast<uint32_t>(by));
    meta.store(stashed << 32 | static_cast<uint32_t>(now), std::memory_order_release);
  }
  void RaiseVersion() {
    const uint64_t now = meta.load(std::memory_order_relaxed);
    meta.store((now >> 32) << 32 | static_cast<uint32_t>(now + 1), std::memory_order_release);
  }

  Line* next() const { return reinterpret_cast<Line*>(meta.load(std::memory_order_acquire)); }

  int FirstFree() const {  // kSlotsPerLine: none
    int i = 0;
    while (i < kSlotsPerLine && slots[i].load(std::memory_order_relaxed) != 0) ++i;
    return i;
  }
  int Used() const {
    int used = 0;
    for (const auto& slot : slots) used += slot.load(std::memory_order_relaxed) != 0;
    return used;
  }
};
static_assert(sizeof(Line) == 64);

// Where a short hash (48 bits) belongs: 6 bits choose the segment, the next 32 the bucket, the low 16 are the tag.
inline constexpr int kSegments = 64;
inline int SegmentOf(uint64_t hash48) { return static_cast<int>(hash48 >> 42); }
inline uint16_t TagOf(uint64_t hash48) { return static_cast<uint16_t>(hash48); }

// An array of buckets, followed by one stash line for every 64 of them (at least one). Its word, which readers load
// whole: address / 64 (42 bits), then the number of buckets as exponent (5 bits) and mantissa (16 bits).
class LineArray {
 public:
  static constexpr uint64_t kMaxBuckets = uint64_t{1} << 28;

  LineArray() = default;
  explicit LineArray(uint64_t word)
      : lines_(reinterpret_cast<Line*>(word >> 21 << 6)), buckets_((word & 0xFFFF) << (word >> 16 & 31)) {}

  // The nearest number of buckets that a word can hold, not below `buckets`.
  static uint64_t Representable(uint64_t buckets) {
    const int exponent = Exponent(buckets);
    return ((buckets + (uint64_t{1} << exponent) - 1) >> exponent) << exponent;
  }
  static uint64_t Word(Line* lines, uint64_t buckets) {
    const uint64_t exponent = Exponent(buckets);
    return reinterpret_cast<uint64_t>(lines) >> 6 << 21 | exponent << 16 | buckets >> exponent;
  }

  Line* lines() const { return lines_; }
  uint64_t buckets() const { return buckets_; }
  uint64_t all_lines() const { return LinesFor(buckets_); }
  static uint64_t LinesFor(uint64_t buckets) { return buckets + Stashes(buckets); }

  uint64_t Home(uint64_t hash48) const { return (hash48 >> 10 & 0xFFFFFFFF) * buckets_ >> 32; }
  uint64_t After(uint64_t bucket) const { return bucket + 1 == buckets_ ? 0 : bucket + 1; }
  Line& bucket(uint64_t number) const { return lines_[number]; }
  Line& stash(uint64_t bucket) const {
    const uint64_t group = bucket / 64, last = Stashes(buckets_) - 1;
    return lines_[buckets_ + (group < last ? group : last)];
  }

 private:
  static uint64_t Stashes(uint64_t buckets) { return buckets < 64 ? 1 : buckets / 64; }
  // Of values up to kMaxBuckets: such that rounding up to a multiple of 2^exponent leaves 16 bits of mantissa.
  static int Exponent(uint64_t buckets) {
    const int width = std::bit_width(buckets);
    return width < 16 ? 0 : width - 15;
  }

  Line* lines_ = nullptr;
  uint64_t buckets_ = 0;
};

}  // namespace memgrid::storage
