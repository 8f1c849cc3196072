#include "storage/mover.h"

#include <algorithm>
#include <cstring>

#include "base/endian.h"
#include "storage/region/part.h"
#include "storage/region/region.h"
#include "storage/shard_impl.h"

namespace memgrid::storage {

Mover::Outcome Mover::Move(const WblockCursor& cursor, const Floors& floors, bool holes_may_go) {
  switch (cursor.record().kind()) {
    case Kind::kValue:
    case Kind::kValueRoot:
    case Kind::kRegionMeta:
    case Kind::kTombstone:
    case Kind::kNamespaceMeta:
    case Kind::kSession:
    case Kind::kClock:
      return MoveRoot(cursor, floors);
    case Kind::kChunk:
      return MoveChunk(cursor);
    case Kind::kExtent:
    case Kind::kHole:
      return MovePart(cursor, floors, holes_may_go);
    case Kind::kQueueMeta:
    case Kind::kElement:
    case Kind::kElementRemoval:
    case Kind::kPad:
      break;
  }
  return Outcome::kGone;
}

bool Mover::Recorded(uint64_t seq) const {
  return !shard_.has_shadow() || seq <= shard_.state().recorded.load(std::memory_order_relaxed);
}

char* Mover::BeginCopy(size_t length, uint64_t seq) {
  Stream& survivors = shard_.survivors();
  char* at = survivors.Append(static_cast<uint32_t>(length), seq);
  if (at == nullptr) return nullptr;
  done_.moved_bytes += length;
  shard_.accounts().SetMovedTo(survivors.end());
  return at;
}

void Mover::EndCopy() { shard_.accounts().SetMovedTo(0); }

void Mover::Seal(char* at) const {
  const Wblocks& wblocks = *shard_.shared().wblocks;
  SealRecord(at, false, wblocks[wblocks.Of(at)].incarnation, wblocks.OffsetOf(at));
}

char* Mover::Copy(RecordView record) {
  char* at = BeginCopy(record.length(), record.seq());
  if (at == nullptr) return nullptr;
  std::memcpy(at, record.address(), record.length());
  Seal(at);
  return at;
}

Mover::Outcome Mover::MoveRoot(const WblockCursor& cursor, const Floors& floors) {
  const RecordView record = cursor.record();
  Index& index = shard_.index();
  const RootName name = record.name();
  const uint64_t hash = index.Hash(name);
  const Slot slot = index.Get(name, hash);
  if (!slot || slot.record().address() != record.address()) return Outcome::kGone;
  if (slot.form() == Form::kLost || !cursor.IsWhole()) return Outcome::kRotten;
  if (slot.form() == Form::kTombstone) return MoveTombstone(record, hash, floors);
  char* copy = Copy(record);
  if (copy == nullptr) return Outcome::kNoRoom;
  if (slot.form() == Form::kNode) {
    slot.node()->record.store(copy, std::memory_order_release);
  } else {
    index.Swing(hash, slot, Slot(slot.form(), copy));
  }
  shard_.accounts().Die(record, record.length(), 0, hash);
  EndCopy();
  shard_.RememberDeadline(RecordView(copy));
  return Outcome::kMoved;
}

// Rule R3. An expired record is its own tombstone; once the tick that it expired by is recorded, its name alone will do.
Mover::Outcome Mover::MoveTombstone(RecordView record, uint64_t hash, const Floors& floors) {
  const bool expired = record.kind() != Kind::kTombstone;
  const bool settled = !expired || Recorded(shard_.clock_seq());
  Accounts& accounts = shard_.accounts();
  if (settled && (floors.MayDrop(record.seq(), hash) || shard_.shared().weakened.tombstones_always_dropped)) {
    shard_.index().Erase(record.name(), hash);
    accounts.WasTombstone(record);
    accounts.Die(record, record.length(), expired ? shard_.clock_seq() : 0, hash);
    return Outcome::kGone;
  }
  Blocked(record);
  char* copy = nullptr;
  if (expired && settled) {
    const RootName name = record.name();
    copy = BeginCopy(RecordBytes(name.name.size(), false, 0), record.seq());
    if (copy == nullptr) return Outcome::kNoRoom;
    WriteRecord(copy, {Kind::kTombstone, 0, name.space, record.seq(), name.ns, name.name, 0}, {});
    Seal(copy);
  } else {
    copy = Copy(record);
    if (copy == nullptr) return Outcome::kNoRoom;
  }
  shard_.index().Swing(hash, Slot(Form::kTombstone, record.address()), Slot(Form::kTombstone, copy));
  accounts.BecameTombstone(RecordView(copy));
  accounts.WasTombstone(record);
  accounts.Die(record, record.length(), expired && settled ? shard_.clock_seq() : 0, hash);
  EndCopy();
  return Outcome::kMoved;
}

void Mover::Blocked(RecordView record) {
  done_.highest_blocked = std::max(done_.highest_blocked, record.seq());
}

// A chunk knows the hash of its root's name; the root has the same seq.
Mover::Outcome Mover::MoveChunk(const WblockCursor& cursor) {
  const RecordView record = cursor.record();
  if (record.body().size() < kChunkPrefix) return Outcome::kGone;
  const uint64_t hash = base::LoadLe64(record.body().data());
  const uint32_t number = base::LoadLe32(record.body().data() + 8);
  const auto leads_here = [&](Slot slot) {
    if (slot.form() != Form::kNode || slot.record().kind() != Kind::kValueRoot) return false;
    const auto& node = *static_cast<const ValueNode*>(slot.node());
    return number < node.count() && node.chunk(number).address() == record.address();
  };
  const Slot slot = shard_.index().FindIf(hash, leads_here);
  if (!slot) return Outcome::kGone;
  if (!cursor.IsWhole()) return Outcome::kRotten;
  char* copy = Copy(record);
  if (copy == nullptr) return Outcome::kNoRoom;
  static_cast<ValueNode*>(slot.node())->set_chunk(number, copy);
  shard_.accounts().Die(record, record.length(), 0, hash);
  EndCopy();
  return Outcome::kMoved;
}

Mover::Outcome Mover::MovePart(const WblockCursor& cursor, const Floors& floors, bool holes_may_go) {
  const RecordView record = cursor.record();
  if (!ValidPart(record)) return Outcome::kRotten;
  Region* region = shard_.RegionOf(PartView(record).region());
  if (region == nullptr || region->LiveBytes(record) == 0) return Outcome::kGone;
  if (!cursor.IsWhole()) return Outcome::kRotten;
  if (record.kind() == Kind::kHole) return MoveHole(*region, record, floors, holes_may_go);
  Outcome outcome;
  if ((record.flags() & kPatch) != 0 && Fold(*region, record, &outcome)) return outcome;
  return MovePages(*region, record);
}

// A hole is the tombstone of the parts that it cut off: rule R3, by the bucket of the region.
Mover::Outcome Mover::MoveHole(Region& region, RecordView record, const Floors& floors, bool may_go) {
  const bool settled = floors.MayDrop(record.seq(), Accounts::HashOfRegion(region.id()));
  if ((may_go && settled) || shard_.shared().weakened.tombstones_always_dropped) {
    region.DropHole(record);
    return Outcome::kGone;
  }
  Blocked(record);
  char* copy = Copy(record);
  if (copy == nullptr) return Outcome::kNoRoom;
  region.Move(record, copy);
  EndCopy();
  return Outcome::kMoved;
}

// Writes the patched page whole instead of moving its parts, wherever these are. False if that cannot be done now: as
// long as a crash may take back a change that made the region longer, a whole page at its end would lengthen it.
bool Mover::Fold(Region& region, RecordView patch, Outcome* outcome) {
  const uint64_t recorded =
      shard_.has_shadow() ? shard_.state().recorded.load(std::memory_order_relaxed) : kMaxSeq;
  const uint64_t page = PartView(patch).offset() / kPageBytes * kPageBytes;
  if (region.Describe().version > recorded) return false;
  RegionChange change;
  uint64_t seq = 0;
  if (!region.PlanFold(page, recorded, &change, &seq)) return false;
  const PartRecord& part = change.records.front();
  char* at = BeginCopy(part.length(), seq);
  if (at == nullptr) return *outcome = Outcome::kNoRoom, true;
  char fields[kPartBodyBytes];
  base::StoreLe64(fields, region.id());
  base::StoreLe64(fields + 8, part.offset);
  absl::InlinedVector<std::string_view, 8> body = {{fields, sizeof fields}};
  body.insert(body.end(), part.bytes.begin(), part.bytes.end());
  WriteRecord(at, {part.kind, part.flags, Space::kRegions, seq, patch.ns(), {}, 0}, {body.data(), body.size()});
  Seal(at);
  region.PublishFold(change, at, seq);
  EndCopy();
  return *outcome = Outcome::kMoved, true;
}

// Each run of neighbouring pages that are needed becomes a record of its own.
Mover::Outcome Mover::MovePages(Region& region, RecordView record) {
  Outcome outcome = Outcome::kGone;
  region.LiveParts(record, [&](uint64_t offset, std::string_view bytes) {
    if (outcome == Outcome::kNoRoom) return;
    char* at = BeginCopy(PartLength(bytes.size()), record.seq());
    if (at == nullptr) {
      outcome = Outcome::kNoRoom;
      return;
    }
    char fields[kPartBodyBytes];
    base::StoreLe64(fields, region.id());
    base::StoreLe64(fields + 8, offset);
    const std::string_view body[] = {{fields, sizeof fields}, bytes};
    const auto flags = static_cast<uint8_t>(record.flags() & kPatch);
    WriteRecord(at, {Kind::kExtent, flags, Space::kRegions, record.seq(), record.ns(), {}, 0}, body);
    Seal(at);
    region.Move(record, at);
    EndCopy();
    outcome = Outcome::kMoved;
  });
  return outcome;
}

}  // namespace memgrid::storage
