// Reads: by any loop, without locks, inside a turn. What an index slot leads to is immutable.

#include "base/check.h"
#include "storage/shard_impl.h"

namespace memgrid::storage {

// Compared with the shard's clock, which only logged ticks move, never with a clock of the reader.
bool ShardImpl::IsExpired(RecordView record) const {
  if ((record.flags() & kExpiry) == 0) return false;
  return record.expiry_ms() <= state_.clock_ms.load(std::memory_order_acquire);
}

ReadOutcome ShardImpl::FindSlot(const RootName& name, uint64_t hash, Slot* slot) const {
  if (damaged_.load(std::memory_order_relaxed)) return ReadOutcome::kLost;
  const Index::Found found = index_.Find(name, hash);
  switch (found.certainty) {
    case Index::Certainty::kHit:
      *slot = found.slot;
      break;
    case Index::Certainty::kMiss:
      return ReadOutcome::kAbsent;
    case Index::Certainty::kAskOwner:
      if (!owner_.InLoop()) return ReadOutcome::kAskOwner;
      *slot = index_.Get(name, hash);
      break;
  }
  if (slot->form() == Form::kLost) return ReadOutcome::kLost;
  return slot->live() ? ReadOutcome::kFound : ReadOutcome::kAbsent;
}

void ShardImpl::ReadValue(const RootName& name, uint64_t hash, ValueRead& out) const {
  Slot slot;
  out.outcome = FindSlot(name, hash, &slot);
  if (!slot) return;
  const RecordView record = slot.record();
  out.seq = record.seq();
  if (out.outcome != ReadOutcome::kFound) return;
  if (IsExpired(record)) {
    out.outcome = ReadOutcome::kAbsent;
    return;
  }
  out.expiry_ms = record.expiry_ms();
  out.payload.keeper = &keeper_;
  const bool grid = record.kind() == Kind::kNamespaceMeta || record.kind() == Kind::kSession;
  if (record.kind() == Kind::kValue || grid) {
    out.payload.Add(record.body());
  } else if (record.kind() == Kind::kValueRoot) {
    const auto& node = *static_cast<const ValueNode*>(slot.node());
    for (uint32_t i = 0; i < node.count(); ++i) out.payload.Add(node.chunk(i).body().substr(kChunkPrefix));
  } else {
    out.outcome = ReadOutcome::kWrongKind;
  }
}

void ShardImpl::ReadRegion(const RootName& name, uint64_t hash, uint64_t offset, uint64_t length, RegionRead& out) const {
  Slot slot;
  out.outcome = FindSlot(name, hash, &slot);
  if (out.outcome != ReadOutcome::kFound) return;
  if (slot.form() != Form::kNode || slot.record().kind() != Kind::kRegionMeta) {
    out.outcome = ReadOutcome::kWrongKind;
    return;
  }
  const auto& region = *static_cast<const Region*>(slot.node());
  out.payload.keeper = &keeper_;
  switch (region.Read(offset, length, out.payload, out.meta)) {
    case Region::Outcome::kOk:
      break;
    case Region::Outcome::kOutOfRange:
      out.outcome = ReadOutcome::kOutOfRange;
      break;
    case Region::Outcome::kAskOwner:
      out.outcome = ReadOutcome::kAskOwner;
      break;
  }
}

void ShardImpl::DescribeRegion(const RootName& name, uint64_t hash, RegionRead& out) const {
  Slot slot;
  out.outcome = FindSlot(name, hash, &slot);
  if (out.outcome != ReadOutcome::kFound) return;
  if (slot.form() != Form::kNode || slot.record().kind() != Kind::kRegionMeta) {
    out.outcome = ReadOutcome::kWrongKind;
    return;
  }
  out.meta = static_cast<const Region*>(slot.node())->Describe();
}

bool ShardImpl::List(uint32_t ns, Space space, std::string_view prefix, std::string_view after,
                     absl::FunctionRef<bool(std::string_view name)> visit) const {
  return index_.List(ns, space, prefix, after, [&](std::string_view name, Slot slot) {
    const RecordView record = slot.record();
    return IsExpired(record) || record.kind() == Kind::kClock || visit(name);
  });
}

void ShardImpl::Scan(Space space, absl::FunctionRef<void(RecordView record)> visit) const {
  constexpr size_t kSlice = 1024;
  uint64_t position = 0;
  bool more = true;
  while (more) {
    more = index_.Walk(&position, kSlice, [&](Slot slot) {
      if (!slot.live()) return;
      const RecordView record = slot.record();
      if (record.space() == space && record.kind() != Kind::kClock && !IsExpired(record)) visit(record);
    });
  }
}

ShardStats ShardImpl::stats() const {
  ShardStats stats;
  stats.applied = applied();
  stats.persisted = persisted();
  stats.recorded = recorded();
  stats.clock_ms = clock_ms();
  stats.keys = keys_.load(std::memory_order_relaxed);
  stats.regions = regions_.load(std::memory_order_relaxed);
  stats.tombstones = tombstones_.load(std::memory_order_relaxed);
  stats.live_bytes = live_bytes_.load(std::memory_order_relaxed);
  stats.index_bytes = index_bytes_.load(std::memory_order_relaxed);
  stats.damaged = damaged_.load(std::memory_order_relaxed);
  return stats;
}

}  // namespace memgrid::storage
