// HashTable: memory, growth in steps, and the walk over everything.

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "base/check.h"
#include "storage/index/hash_table.h"

namespace memgrid::storage {
namespace {

constexpr double kGrowth = 1.25;

// Lines start at a multiple of 64; in front of them lies what malloc gave.
void*& BlockOf(Line* lines) { return reinterpret_cast<void**>(lines)[-1]; }

constexpr size_t kBlockExtra = 16 + 63;  // the pointer in front, alignment

}  // namespace

size_t HashTable::BytesOf(uint64_t lines) { return lines * sizeof(Line) + kBlockExtra + 16; }

// Large blocks come from calloc as pages not yet touched, so a new array costs nothing until it is filled.
Line* HashTable::NewLines(uint64_t count) {
  void* block = std::calloc(1, count * sizeof(Line) + kBlockExtra);
  MEMGRID_CHECK(block != nullptr, "no memory for ", count, " lines of the index");
  Line* lines = reinterpret_cast<Line*>((reinterpret_cast<uintptr_t>(block) + kBlockExtra) & ~uintptr_t{63});
  BlockOf(lines) = block;
  bytes_ += BytesOf(count);
  return lines;
}

void HashTable::FreeLines(Line* lines) { std::free(BlockOf(lines)); }

void HashTable::Retire(Line* lines, uint64_t count) { retired_.Add(BlockOf(lines), BytesOf(count)); }

// The next size in the segment's row: powers of 1.25, for each segment with another offset. Small arrays just grow.
uint64_t HashTable::SizeAbove(uint64_t buckets, int segment) {
  if (buckets < 32) return buckets + std::max<uint64_t>(1, buckets / 4);
  const double offset = static_cast<double>(segment) / kSegments;
  const double step = std::round(std::log(static_cast<double>(buckets)) / std::log(kGrowth) - offset) + 1;
  const auto size = static_cast<uint64_t>(std::pow(kGrowth, step + offset));
  return LineArray::Representable(std::min(size, LineArray::kMaxBuckets));
}

size_t HashTable::GrowthBytes(size_t insertions) const {
  if (insertions == 0) return 0;
  uint64_t largest = 1, smallest = LineArray::kMaxBuckets;
  for (const Segment& segment : segments_) {
    const uint64_t buckets = LineArray(segment.array.load(std::memory_order_relaxed)).buckets();
    largest = std::max(largest, buckets);
    smallest = std::min(smallest, buckets);
  }
  // One segment grows at a time, and is done before the next one starts.
  const uint64_t moved = insertions * kMoveSlots / (smallest * kSlotsPerLine + 1);
  const uint64_t growths = std::min<uint64_t>({insertions, moved + 1, kSegments});
  return growths * BytesOf(LineArray::LinesFor(largest * 3 / 2 + 1)) + insertions / 2 * BytesOf(1);
}

void HashTable::Resize(int segment, uint64_t buckets) {
  Segment& growing = segments_[segment];
  Line* lines = NewLines(LineArray::LinesFor(buckets));
  growing.old.store(growing.array.load(std::memory_order_relaxed), std::memory_order_release);
  growing.array.store(LineArray::Word(lines, buckets), std::memory_order_release);
  growing_ = segment;
  cursor_ = 0;
}

void HashTable::Reserve(uint64_t names) {
  constexpr double kFill = 0.8;  // of the slots, so that unevenly filled segments do not grow
  if (size_ != 0 || !MayResize()) return;
  const auto wanted = static_cast<uint64_t>(static_cast<double>(names) / (kSegments * kSlotsPerLine * kFill));
  if (wanted < 2) return;
  const uint64_t buckets = LineArray::Representable(std::min(wanted, LineArray::kMaxBuckets));
  for (Segment& segment : segments_) {
    if (segment.array.load(std::memory_order_relaxed) != 0) continue;  // it held something once
    segment.array.store(LineArray::Word(NewLines(LineArray::LinesFor(buckets)), buckets), std::memory_order_release);
  }
}

void HashTable::Step(size_t slots) {
  if (growing_ < 0 || paused_) return;
  Segment& segment = segments_[growing_];
  const LineArray old(segment.old.load(std::memory_order_relaxed));
  const LineArray array(segment.array.load(std::memory_order_relaxed));
  GatherMoves(old, slots);
  for (Move& move : moves_) {
    move.short_hash = ShortOf(Slot(move.from->load(std::memory_order_relaxed)).record().name());
    Prefetch(move.short_hash);
  }
  for (const Move& move : moves_) {
    // In both for a moment: never in none.
    Put(array, move.short_hash, Slot(move.from->load(std::memory_order_relaxed)));
    move.from->store(0, std::memory_order_release);
  }
  if (cursor_ == old.all_lines()) FinishResize();
}

// The next slots to be moved, whole lines of them, with their records on the way into the cache.
void HashTable::GatherMoves(const LineArray& old, size_t slots) {
  moves_.clear();
  size_t seen = 0;
  while (cursor_ < old.all_lines() && seen < slots) {
    const bool stash = cursor_ >= old.buckets();
    for (Line* line = &old.lines()[cursor_++]; line != nullptr; line = stash ? line->next() : nullptr) {
      if (line < old.lines() || line >= old.lines() + old.all_lines()) chain_.push_back(line);
      seen += kSlotsPerLine;
      for (auto& place : line->slots) {
        const Slot slot(place.load(std::memory_order_relaxed));
        if (!slot) continue;
        if (stash) --stashed_;
        __builtin_prefetch(slot.address());
        moves_.push_back({&place, 0});
      }
    }
  }
}

void HashTable::FinishResize() {
  Segment& segment = segments_[growing_];
  const LineArray old(segment.old.load(std::memory_order_relaxed));
  segment.old.store(0, std::memory_order_release);
  Retire(old.lines(), old.all_lines());
  for (Line* line : chain_) Retire(line, 1);
  chain_.clear();
  growing_ = -1;
}

void HashTable::Maintain(size_t slots) {
  Step(slots);
  bytes_ -= retired_.Collect();
}

// A position is segment (16 bits), old array or new (1), line (47).
bool HashTable::Walk(uint64_t* position, size_t limit, absl::FunctionRef<void(Slot)> visit) const {
  size_t seen = 0;
  while (*position >> 48 < kSegments) {
    const Segment& segment = segments_[*position >> 48];
    const bool second = *position >> 47 & 1;
    const LineArray array((second ? segment.array : segment.old).load(std::memory_order_relaxed));
    uint64_t at = *position & ((uint64_t{1} << 47) - 1);
    for (const uint64_t end = array.buckets() == 0 ? 0 : array.all_lines(); at < end; ++at) {
      if (seen >= limit) return *position = (*position >> 47) << 47 | at, true;
      const Line* line = &array.lines()[at];
      do {
        for (const auto& place : line->slots) {
          const Slot slot(place.load(std::memory_order_relaxed));
          if (slot) visit(slot);
        }
        seen += kSlotsPerLine;
        line = at >= array.buckets() ? line->next() : nullptr;
      } while (line != nullptr);
    }
    *position = ((*position >> 47) + 1) << 47;
  }
  return false;
}

}  // namespace memgrid::storage
