#include "storage/accounts.h"

#include <algorithm>

#include "base/check.h"
#include "base/endian.h"

namespace memgrid::storage {

void Accounts::Adopt(uint32_t wblock) {
  wblocks_[wblock].place_in_owned = static_cast<uint32_t>(owned_.size());
  owned_.push_back(wblock);
}

void Accounts::Release(uint32_t wblock) {
  Wblock& state = wblocks_[wblock];
  MEMGRID_CHECK(state.live.load(std::memory_order_relaxed) == 0, "wblock ", wblock, " is released with live bytes");
  if (state.stated != 0 && state.stated == most_stated_) --witnesses_;
  const uint32_t last = owned_.back();
  owned_[state.place_in_owned] = last;
  wblocks_[last].place_in_owned = state.place_in_owned;
  owned_.pop_back();
  state.use.store(WblockUse::kFree, std::memory_order_relaxed);
  state.shard.store(kNoShard, std::memory_order_relaxed);
}

void Accounts::Seal(uint32_t wblock) {
  wblocks_[wblock].use.store(WblockUse::kSealed, std::memory_order_relaxed);
  QuarantineIfEmpty(wblock);
}

void Accounts::QuarantineIfEmpty(uint32_t wblock) {
  Wblock& state = wblocks_[wblock];
  if (state.live.load(std::memory_order_relaxed) != 0 || state.use.load(std::memory_order_relaxed) != WblockUse::kSealed) {
    return;
  }
  state.use.store(WblockUse::kQuarantined, std::memory_order_relaxed);
  state.unlinked = 0;
  quarantine_.push_back(wblock);
}

void Accounts::Die(RecordView record, size_t bytes, uint64_t by, uint64_t hash) {
  const uint32_t number = wblocks_.Of(record.address());
  Wblock& wblock = wblocks_[number];
  const uint32_t live = wblock.live.load(std::memory_order_relaxed);
  MEMGRID_CHECK(bytes <= live, "wblock ", number, " has ", live, " live bytes; ", bytes, " died");
  wblock.live.store(live - static_cast<uint32_t>(bytes), std::memory_order_relaxed);
  live_ -= bytes;
  ++deaths_;
  wblock.moved_to = std::max(wblock.moved_to, moved_to_);
  if (by != 0) {
    wblock.max_death = std::max(wblock.max_death, by);
    ++wblock.deaths;
    wblock.death_seq_sum += by;
  }
  // A tombstone that died shadows nothing: it needs no tombstone itself.
  const bool forgotten = by == 0 && weakened_.copies_leave_no_dead;
  if (record.kind() != Kind::kTombstone && !forgotten) wblock.dead.Add(record.seq(), hash);
  if (live == bytes) QuarantineIfEmpty(number);
}

// `bytes` may be a difference below zero: unsigned arithmetic wraps round.
void Accounts::CountTombstone(RecordView record, uint32_t bytes) {
  Wblock& wblock = wblocks_[wblocks_.Of(record.address())];
  (record.kind() == Kind::kTombstone ? wblock.tombstones : wblock.expired) += bytes;
  tombstone_bytes_ += static_cast<uint64_t>(static_cast<int64_t>(static_cast<int32_t>(bytes)));
}

void Accounts::OnDeath(const char* record, size_t bytes, uint64_t by) {
  const RecordView view(record);
  Die(view, bytes, by, HashOfRegion(base::LoadLe64(view.body().data())));
}

void Accounts::OnStated(Wblock& wblock, uint64_t persisted) {
  if (persisted <= wblock.stated) return;
  // It may have been a witness of a lower number only if that was the greatest: then it is one no more, but of this.
  const bool was = wblock.stated != 0 && wblock.stated == most_stated_;
  if (was) --witnesses_;
  wblock.stated = persisted;
  if (persisted > most_stated_) {
    most_stated_ = persisted;
    witnesses_ = 1;
  } else if (persisted == most_stated_) {
    ++witnesses_;
  }
}

bool Accounts::IsOnlyWitness(const Wblock& wblock) const {
  return wblock.stated != 0 && wblock.stated > state_.base && wblock.stated == most_stated_ && witnesses_ <= 1;
}

}  // namespace memgrid::storage
