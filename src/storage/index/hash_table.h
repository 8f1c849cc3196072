// The part of the index that finds: a hash table of 8-byte slots.
//
// A key lies in its home bucket or the one after it, else in the stash of its home. 64 segments grow on their own, by a
// quarter at a time: the owner moves 64 slots with every creation from the old array to the new one while readers try
// the old, then the new. The sizes of the segments are spread evenly over that quarter, so the mean load stays at 0.81
// whatever the number of keys, and no two segments have to grow at the same moment.
//
// Keys are known here by the upper 48 bits of their hash ("short hash"), which also the tree keeps.
//
// Threads: Find and Prefetch by any loop in a turn; everything else by the owner.

#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/functional/function_ref.h"
#include "base/qsbr.h"
#include "storage/index/hash_lines.h"
#include "storage/index/retired.h"
#include "storage/index/slot.h"
#include "storage/name.h"

namespace memgrid::storage {

class HashTable {
 public:
  // `hash_bits` 8..48: fewer than 48 only to see collisions in tests.
  HashTable(const HashSeed& seed, base::Qsbr& qsbr, int hash_bits);
  ~HashTable();
  HashTable(const HashTable&) = delete;
  HashTable& operator=(const HashTable&) = delete;

  uint64_t Hash(const RootName& name) const { return hasher_(name); }
  uint64_t Short(uint64_t hash) const { return hash >> 16 & mask_; }
  uint64_t ShortOf(const RootName& name) const { return Short(hasher_(name)); }

  // --- any loop ---

  enum class Outcome : uint8_t { kHit, kMiss, kUnsure };
  // kUnsure: three tries met keys on the move. Sets `slot` on a hit.
  Outcome Find(const RootName& name, uint64_t short_hash, Slot& slot) const;
  void Prefetch(uint64_t short_hash) const;

  // --- the owner ---

  // A slot in its line. Valid until the next Insert, Erase or Step.
  struct Place {
    std::atomic<uint64_t>* slot = nullptr;  // null: not found
    Line* home = nullptr;                   // set if the slot lies in the stash of this bucket
    explicit operator bool() const { return slot != nullptr; }
    Slot get() const { return Slot(slot->load(std::memory_order_relaxed)); }
    void set(Slot value) const { slot->store(value.bits(), std::memory_order_release); }
  };
  Place Locate(const RootName& name, uint64_t short_hash) const {
    return LocateIf(short_hash, [&name](Slot slot) { return slot.record().name() == name; });
  }
  // The first slot of the tag for which `matches(Slot)`.
  template <typename Matches>
  Place LocateIf(uint64_t short_hash, Matches matches) const;
  // Slots that may be of this hash: all that are, and some that only share bucket and tag.
  template <typename Visit>
  void ForEachCandidate(uint64_t short_hash, Visit visit) const {
    LocateIf(short_hash, [&visit](Slot slot) { return visit(slot), false; });
  }

  // The name must not be there. Moves a part of a growing segment first.
  void Insert(uint64_t short_hash, Slot slot);
  void Erase(uint64_t short_hash, const Place& place);

  // See Index.
  bool Walk(uint64_t* position, size_t limit, absl::FunctionRef<void(Slot slot)> visit) const;
  void PauseGrowth(bool paused) { paused_ = paused; }
  // Makes room for `names` names at once, instead of growing to it. Of an empty table, before any reader.
  void Reserve(uint64_t names);
  // Moves up to `slots` slots of the growing segment and frees what is past quiescence.
  void Maintain(size_t slots);

  uint64_t size() const { return size_; }
  uint64_t stashed() const { return stashed_; }
  size_t memory_bytes() const { return bytes_ + sizeof *this; }
  // Most that so many insertions add to memory_bytes.
  size_t GrowthBytes(size_t insertions) const;

 private:
  struct Segment {  // read by all loops, written only when a segment starts or ends to grow
    std::atomic<uint64_t> array{0};
    std::atomic<uint64_t> old{0};  // what is being emptied into `array`; 0 = nothing
  };
  static constexpr int kTries = 3;
  static constexpr size_t kMoveSlots = 64;

  struct Probe {
    bool hit;
    bool stable;  // what the buckets hold did not move while we looked
  };
  Probe Look(const LineArray& array, const RootName& name, uint64_t short_hash, Slot& slot) const;
  template <typename Matches>
  Place LocateIn(const LineArray& array, uint64_t short_hash, Matches matches) const;

  void Put(const LineArray& array, uint64_t short_hash, Slot slot);
  bool Displace(const LineArray& array, uint64_t bucket, uint64_t bits);
  void Stash(const LineArray& array, uint64_t home, uint64_t bits);
  void DropEmptyStashLines(const LineArray& array, uint64_t home);

  Line* NewLines(uint64_t count);
  static void FreeLines(Line* lines);
  void Retire(Line* lines, uint64_t count);
  static size_t BytesOf(uint64_t lines);
  static uint64_t SizeAbove(uint64_t buckets, int segment);
  bool MayResize() const { return growing_ < 0 && !paused_; }
  void Resize(int segment, uint64_t buckets);
  void Step(size_t slots);
  struct Move {
    std::atomic<uint64_t>* from;
    uint64_t short_hash;
  };
  void GatherMoves(const LineArray& old, size_t slots);
  void FinishResize();

  const NameHasher hasher_;
  const uint64_t mask_;
  Segment segments_[kSegments];

  // The owner's:
  uint64_t counts_[kSegments] = {};
  Retired retired_;
  bool paused_ = false;
  int growing_ = -1;          // the segment that is moving to a new array; -1 = none
  uint64_t cursor_ = 0;       // lines of its old array that have been emptied
  std::vector<Line*> chain_;  // stash lines beyond the array of what has been emptied
  std::vector<Move> moves_;
  uint64_t size_ = 0;
  uint64_t stashed_ = 0;
  size_t bytes_ = 0;
};

template <typename Matches>
HashTable::Place HashTable::LocateIn(const LineArray& array, uint64_t short_hash, Matches matches) const {
  const uint16_t tag = TagOf(short_hash);
  const auto in_line = [&](Line& line) -> std::atomic<uint64_t>* {
    for (auto& place : line.slots) {
      const Slot slot(place.load(std::memory_order_relaxed));
      if (slot && slot.tag() == tag && matches(slot)) return &place;
    }
    return nullptr;
  };
  const uint64_t home = array.Home(short_hash), after = array.After(home);
  Line& bucket = array.bucket(home);
  if (auto* found = in_line(bucket)) return {found, nullptr};
  if (after != home) {
    if (auto* found = in_line(array.bucket(after))) return {found, nullptr};
  }
  if (bucket.stashed() == 0) return {};
  for (Line* line = &array.stash(home); line != nullptr; line = line->next()) {
    if (auto* found = in_line(*line)) return {found, &bucket};
  }
  return {};
}

template <typename Matches>
HashTable::Place HashTable::LocateIf(uint64_t short_hash, Matches matches) const {
  const Segment& segment = segments_[SegmentOf(short_hash)];
  if (const uint64_t old = segment.old.load(std::memory_order_relaxed)) {
    if (const Place place = LocateIn(LineArray(old), short_hash, matches)) return place;
  }
  const uint64_t word = segment.array.load(std::memory_order_relaxed);
  return word == 0 ? Place{} : LocateIn(LineArray(word), short_hash, matches);
}

}  // namespace memgrid::storage
