#include "storage/index/hash_table.h"

#include "base/check.h"

namespace memgrid::storage {

HashTable::HashTable(const HashSeed& seed, base::Qsbr& qsbr, int hash_bits)
    : hasher_(seed), mask_(((uint64_t{1} << hash_bits) - 1) << (48 - hash_bits)), retired_(qsbr) {
  MEMGRID_CHECK(hash_bits >= 8 && hash_bits <= 48, "an index with ", hash_bits, " bits of hash");
}

HashTable::~HashTable() {
  for (Segment& segment : segments_) {
    for (const uint64_t word : {segment.array.load(), segment.old.load()}) {
      const LineArray array(word);
      for (uint64_t i = array.buckets(); word != 0 && i < array.all_lines(); ++i) {
        for (Line* line = array.lines()[i].next(); line != nullptr;) {
          Line* next = line->next();
          FreeLines(line);
          line = next;
        }
      }
      if (word != 0) FreeLines(array.lines());
    }
  }
}

HashTable::Probe HashTable::Look(const LineArray& array, const RootName& name, uint64_t short_hash, Slot& slot) const {
  const uint16_t tag = TagOf(short_hash);
  const auto in_line = [&](const Line& line) {
    for (const auto& place : line.slots) {
      const Slot seen(place.load(std::memory_order_acquire));
      if (seen.tag() != tag || !seen) continue;
      if (seen.record().name() == name) return slot = seen, true;
    }
    return false;
  };
  const uint64_t home = array.Home(short_hash);
  const Line& first = array.bucket(home);
  const Line& second = array.bucket(array.After(home));
  const uint64_t meta1 = first.meta.load(std::memory_order_acquire);
  const uint64_t meta2 = second.meta.load(std::memory_order_acquire);
  if (in_line(first) || in_line(second)) return {true, true};
  if (meta1 >> 32 != 0) {
    for (const Line* line = &array.stash(home); line != nullptr; line = line->next()) {
      if (in_line(*line)) return {true, true};
    }
  }
  return {false, first.meta.load(std::memory_order_acquire) == meta1 &&
                     second.meta.load(std::memory_order_acquire) == meta2};
}

HashTable::Outcome HashTable::Find(const RootName& name, uint64_t short_hash, Slot& slot) const {
  const Segment& segment = segments_[SegmentOf(short_hash)];
  for (int i = 0; i < kTries; ++i) {
    const uint64_t word = segment.array.load(std::memory_order_acquire);
    const uint64_t old = segment.old.load(std::memory_order_acquire);
    if (word == 0) return Outcome::kMiss;
    // Keys move from the old array to the new one and are in both for a moment: whoever misses one in the old array
    // because it has left finds it in the new one, so only the new one must be stable.
    if (old != 0 && Look(LineArray(old), name, short_hash, slot).hit) return Outcome::kHit;
    const Probe probe = Look(LineArray(word), name, short_hash, slot);
    if (probe.hit) return Outcome::kHit;
    if (probe.stable && segment.array.load(std::memory_order_acquire) == word) return Outcome::kMiss;
  }
  return Outcome::kUnsure;
}

void HashTable::Prefetch(uint64_t short_hash) const {
  const uint64_t word = segments_[SegmentOf(short_hash)].array.load(std::memory_order_acquire);
  if (word == 0) return;
  const LineArray array(word);
  const uint64_t home = array.Home(short_hash);
  __builtin_prefetch(&array.bucket(home));
  __builtin_prefetch(&array.bucket(array.After(home)));
}

void HashTable::Insert(uint64_t short_hash, Slot slot) {
  const int number = SegmentOf(short_hash);
  Segment& segment = segments_[number];
  Step(kMoveSlots);
  if (segment.array.load(std::memory_order_relaxed) == 0) {
    segment.array.store(LineArray::Word(NewLines(LineArray::LinesFor(1)), 1), std::memory_order_release);
  }
  const uint64_t buckets = LineArray(segment.array.load(std::memory_order_relaxed)).buckets();
  const bool full = (counts_[number] + 1) * 10 > buckets * kSlotsPerLine * 9;
  if (full && MayResize() && buckets < LineArray::kMaxBuckets) {
    Resize(number, SizeAbove(buckets, number));
  }
  Put(LineArray(segment.array.load(std::memory_order_relaxed)), short_hash, slot);
  ++counts_[number];
  ++size_;
}

void HashTable::Put(const LineArray& array, uint64_t short_hash, Slot slot) {
  const uint64_t bits = slot.with_tag(TagOf(short_hash)).bits();
  const uint64_t home = array.Home(short_hash), after = array.After(home);
  Line& first = array.bucket(home);
  Line& second = array.bucket(after);
  Line& emptier = second.Used() < first.Used() ? second : first;
  if (const int free = emptier.FirstFree(); free < kSlotsPerLine) {
    emptier.slots[free].store(bits, std::memory_order_release);
    return;
  }
  if (!paused_ && (Displace(array, home, bits) || Displace(array, after, bits))) return;
  Stash(array, home, bits);
}

// Puts `bits` in the place of a key of a full bucket that has room in its other bucket.
bool HashTable::Displace(const LineArray& array, uint64_t bucket, uint64_t bits) {
  Line& line = array.bucket(bucket);
  for (const auto& place : line.slots) {
    __builtin_prefetch(Slot(place.load(std::memory_order_relaxed)).address());
  }
  for (auto& place : line.slots) {
    const uint64_t resident = place.load(std::memory_order_relaxed);
    const uint64_t home = array.Home(ShortOf(Slot(resident).record().name()));
    Line& other = array.bucket(home == bucket ? array.After(home) : home);
    const int free = other.FirstFree();
    if (free == kSlotsPerLine) continue;
    other.slots[free].store(resident, std::memory_order_release);
    line.RaiseVersion();
    place.store(bits, std::memory_order_release);
    return true;
  }
  return false;
}

void HashTable::Stash(const LineArray& array, uint64_t home, uint64_t bits) {
  Line* line = &array.stash(home);
  int free = line->FirstFree();
  while (free == kSlotsPerLine) {
    if (line->next() == nullptr) {
      line->meta.store(reinterpret_cast<uint64_t>(NewLines(1)), std::memory_order_release);
    }
    line = line->next();
    free = line->FirstFree();
  }
  line->slots[free].store(bits, std::memory_order_release);
  array.bucket(home).AddStashed(1);
  ++stashed_;
}

void HashTable::Erase(uint64_t short_hash, const Place& place) {
  place.slot->store(0, std::memory_order_release);
  const int number = SegmentOf(short_hash);
  const LineArray array(segments_[number].array.load(std::memory_order_relaxed));
  --counts_[number];
  --size_;
  if (place.home != nullptr) {
    place.home->AddStashed(-1);
    --stashed_;
    // A bucket of the old array: its stash goes with it.
    const bool current = place.home >= array.lines() && place.home < array.lines() + array.buckets();
    if (current) DropEmptyStashLines(array, array.Home(short_hash));
  }
  Step(kMoveSlots);
  if (array.buckets() >= 8 && counts_[number] * 10 < array.buckets() * kSlotsPerLine * 3 && MayResize()) {
    // To the size that so many keys would have grown to: a load of about 0.72.
    Resize(number, SizeAbove(counts_[number] * 10 / (kSlotsPerLine * 9) + 1, number));
  }
}

// Lines beyond the array that have become empty leave the chain. A reader that stands on one still goes on from it.
void HashTable::DropEmptyStashLines(const LineArray& array, uint64_t home) {
  Line* before = &array.stash(home);
  while (Line* line = before->next()) {
    if (line->Used() > 0) {
      before = line;
      continue;
    }
    before->meta.store(line->meta.load(std::memory_order_relaxed), std::memory_order_release);
    Retire(line, 1);
  }
}

}  // namespace memgrid::storage
