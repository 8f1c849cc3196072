#include "storage/defrag.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "storage/shard_impl.h"

namespace memgrid::storage {
namespace {

constexpr size_t kSliceRecords = 512;           // looked at
constexpr uint64_t kSliceBytes = 128u << 10;    // moved
constexpr size_t kVictims = 16;                 // chosen at a time, under the same floors
constexpr size_t kForget = 8;                   // ended lives made unreadable at a time
constexpr double kEnoughFree = 0.2;             // of the store
constexpr double kTombstoneShare = 0.01;        // of the store: more are too many
constexpr env::Nanos kLookEvery = std::chrono::milliseconds(20);
constexpr env::Nanos kNoRoomRetry = std::chrono::milliseconds(1);

}  // namespace

double Defrag::FreeShare() const {
  const Shared& shared = shard_.shared();
  return static_cast<double>(shared.pool.free()) / static_cast<double>(shared.geometry.usable_wblocks());
}

Defrag::Seen Defrag::Look() const {
  return {shard_.accounts().deaths(), shard_.state().recorded.load(std::memory_order_relaxed),
          shard_.accounts().owned().size()};
}

env::Nanos Defrag::Run(env::Nanos now) {
  if (!shard_.shared().serving.load(std::memory_order_acquire)) return now + kLookEvery;
  if (!cursor_ && victims_.empty() && Look() == seen_) return kNever;
  if (now < next_) return next_;
  if (!cursor_ && !NextVictim()) {
    seen_ = Look();
    if (!Begin() || !NextVictim()) return next_ = now + kLookEvery;
  }
  switch (CleanSlice()) {
    case Slice::kGoesOn: return next_ = now;
    case Slice::kNoRoom: return next_ = now + kNoRoomRetry;
    case Slice::kVictimDone: break;
  }
  FinishVictim();
  return next_ = now + Sleep();
}

// Floors and victims as of now.
bool Defrag::Begin() {
  const Shared& shared = shard_.shared();
  const double capacity = static_cast<double>(shared.geometry.capacity_bytes());
  if (blocked_ > 0) shard_.quarantine().Forget(std::exchange(blocked_, 0), kForget);
  floors_ = MakeFloors(kNoWblock);
  // What a shrink cut off is reported dead in slices: until that is done, floors do not know all of it.
  holes_may_go_ = !shard_.sweeping();
  VictimWish wish;
  wish.urgent = FreeShare() < kEnoughFree;
  wish.tombstones = static_cast<double>(shard_.accounts().tombstone_bytes()) > kTombstoneShare * capacity;
  wish.queue_min = shared.tuning.defrag_queue_min.load(std::memory_order_relaxed);
  wish.lwm_pct = shared.tuning.defrag_lwm_pct.load(std::memory_order_relaxed);
  wish.lowest_floor = floors_.lowest();
  victims_ = ChooseVictims(shared, shard_.state(), shard_.accounts().owned(), wish, kVictims);
  std::reverse(victims_.begin(), victims_.end());
  return !victims_.empty();
}

// Over everything of the shard that can still be parsed. Good for whatever has been sealed by now, also later: what dies
// from now on is not older than a tombstone that is there already, or was counted when that tombstone came.
Floors Defrag::MakeFloors(uint32_t own) {
  const Weakened& weakened = shard_.shared().weakened;
  const Wblocks& wblocks = *shard_.shared().wblocks;
  Floors floors;
  for (const uint32_t number : shard_.accounts().owned()) {
    const Wblock& wblock = wblocks[number];
    const bool empty = wblock.use.load(std::memory_order_relaxed) == WblockUse::kQuarantined;
    if (number == own || (empty && weakened.empty_counts_as_gone)) continue;
    floors.Add(wblock.dead);
  }
  if (weakened.former_lives_forgotten) return floors;
  for (const FormerLife& life : shard_.quarantine().former()) floors.Add(life.dead);
  return floors;
}

bool Defrag::NextVictim() {
  const Shared& shared = shard_.shared();
  while (!victims_.empty()) {
    const Victim victim = victims_.back();
    victims_.pop_back();
    const Wblock& wblock = (*shared.wblocks)[victim.wblock];
    // It may have emptied, and may even live again, since it was chosen.
    if (wblock.incarnation != victim.incarnation) continue;
    if (wblock.use.load(std::memory_order_relaxed) != WblockUse::kSealed) continue;
    cursor_.emplace(shared, victim.wblock);
    at_record_ = false;
    if (shared.weakened.own_wblock_exempt) floors_ = MakeFloors(victim.wblock);
    return true;
  }
  return false;
}

Defrag::Slice Defrag::CleanSlice() {
  const Wblock& wblock = (*shard_.shared().wblocks)[cursor_->wblock()];
  uint64_t moved = 0;
  for (size_t i = 0; i < kSliceRecords && moved < kSliceBytes; ++i) {
    // Once nothing in it is live it may be given away.
    if (wblock.use.load(std::memory_order_relaxed) != WblockUse::kSealed) return Slice::kVictimDone;
    if (!at_record_) {
      const WblockCursor::Step step = cursor_->Next();
      if (step == WblockCursor::Step::kEnd) return Slice::kVictimDone;
      if (step == WblockCursor::Step::kRotten) {
        (*shard_.shared().wblocks)[cursor_->wblock()].rotten = true;
        return Slice::kVictimDone;
      }
    }
    const Mover::Outcome outcome = mover_.Move(*cursor_, floors_, holes_may_go_);
    const Mover::Done done = mover_.TakeDone();
    moved += done.moved_bytes;
    shard_.shared().counters.defrag_moved_bytes.fetch_add(done.moved_bytes, std::memory_order_relaxed);
    at_record_ = outcome == Mover::Outcome::kNoRoom;
    if (at_record_) break;
    if (outcome == Mover::Outcome::kRotten) (*shard_.shared().wblocks)[cursor_->wblock()].rotten = true;
    blocked_ = std::max(blocked_, done.highest_blocked);
  }
  return at_record_ ? Slice::kNoRoom : Slice::kGoesOn;
}

void Defrag::FinishVictim() {
  Wblock& wblock = (*shard_.shared().wblocks)[cursor_->wblock()];
  // Parts of regions that were freed die in slices of their own.
  if (wblock.use.load(std::memory_order_relaxed) == WblockUse::kSealed) wblock.left_at = wblock.deaths;
  cursor_.reset();
}

env::Nanos Defrag::Sleep() const {
  const std::chrono::microseconds sleep(shard_.shared().tuning.defrag_sleep_us.load(std::memory_order_relaxed));
  return std::chrono::duration_cast<env::Nanos>(sleep * std::min(1.0, FreeShare() / kEnoughFree));
}

}  // namespace memgrid::storage
