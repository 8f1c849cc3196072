// Commands: records are appended as the changes are named, and become visible together in Commit.

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/endian.h"
#include "storage/shard_impl.h"

namespace memgrid::storage {

void ShardImpl::Begin(uint64_t seq) {
  MEMGRID_DCHECK(unsealed_ == nullptr && changes_.empty() && region_writes_.empty(), "Begin inside a command");
  MEMGRID_DCHECK(seq > state_.applied.load(std::memory_order_relaxed), "command ", seq, " again");
  seq_ = seq;
}

// The record before it is complete now but for the knowledge that this one follows.
char* ShardImpl::Append(const RecordHead& head, std::span<const std::string_view> body) {
  size_t bytes = 0;
  for (std::string_view part : body) bytes += part.size();
  const size_t length = RecordBytes(head.key.size(), head.expiry_ms != 0, bytes);
  Wblocks& wblocks = *shared_.wblocks;
  if (unsealed_ != nullptr) {
    SealRecord(unsealed_, true, wblocks[wblocks.Of(unsealed_)].incarnation, wblocks.OffsetOf(unsealed_));
  }
  char* at = head_.Append(static_cast<uint32_t>(length), seq_);
  MEMGRID_CHECK(at != nullptr, "shard ", state_.number, ": command ", seq_, " was applied without room for it");
  WriteRecord(at, head, body);
  unsealed_ = at;
  user_bytes_ += length;
  return at;
}

void ShardImpl::PutValue(const RootName& name, uint64_t hash, uint64_t expiry_ms, std::string_view value) {
  Slot slot;
  if (RecordBytes(name.name.size(), expiry_ms != 0, value.size()) <= max_record_) {
    const RecordHead head{Kind::kValue, 0, name.space, seq_, name.ns, name.name, expiry_ms};
    slot = Slot(Form::kValue, Append(head, {&value, 1}));
  } else {
    slot = AppendChunked(name, hash, expiry_ms, value);
  }
  changes_.push_back({slot.record().name(), hash, slot});
}

Slot ShardImpl::AppendChunked(const RootName& name, uint64_t hash, uint64_t expiry_ms, std::string_view value) {
  const size_t piece = (max_record_ & ~size_t{7}) - RecordBytes(0, false, kChunkPrefix + 8);
  const auto chunks = static_cast<uint32_t>((value.size() + piece - 1) / piece);
  auto node = std::make_unique<ValueNode>(nullptr, value.size(), chunks);
  char prefix[kChunkPrefix];
  base::StoreLe64(prefix, hash);
  for (uint32_t i = 0; i < chunks; ++i) {
    base::StoreLe32(prefix + 8, i);
    const std::string_view body[] = {{prefix, sizeof prefix}, value.substr(i * piece, piece)};
    node->set_chunk(i, Append({Kind::kChunk, 0, name.space, seq_, name.ns, {}, 0}, body));
  }
  char root[kValueRootBody];
  base::StoreLe64(root, value.size());
  base::StoreLe32(root + 8, chunks);
  const std::string_view body(root, sizeof root);
  node->record.store(Append({Kind::kValueRoot, 0, name.space, seq_, name.ns, name.name, expiry_ms}, {&body, 1}),
                     std::memory_order_release);
  node_bytes_ += node->memory_bytes();
  return Slot(Form::kNode, static_cast<Node*>(node.release()));
}

void ShardImpl::PutGrid(Kind kind, const RootName& name, uint64_t hash, std::string_view body) {
  const RecordHead head{kind, 0, name.space, seq_, name.ns, name.name, 0};
  const Slot slot(Form::kValue, Append(head, {&body, 1}));
  changes_.push_back({slot.record().name(), hash, slot});
}

bool ShardImpl::Remove(const RootName& name, uint64_t hash) {
  const Slot slot = index_.Get(name, hash);
  if (!slot.live() || IsExpired(slot.record())) return false;
  if (shadow_) {
    const Slot tombstone(Form::kTombstone, Append({Kind::kTombstone, 0, name.space, seq_, name.ns, name.name, 0}, {}));
    changes_.push_back({tombstone.record().name(), hash, tombstone});
  } else {
    // Nothing can bring the name back after a crash, so nothing has to say that it is gone.
    changes_.push_back({slot.record().name(), hash, Slot()});
  }
  return true;
}

Region* ShardImpl::FindRegion(const RootName& name, uint64_t hash) const {
  const Slot slot = index_.Get(name, hash);
  MEMGRID_CHECK(slot.form() == Form::kNode && slot.record().kind() == Kind::kRegionMeta,
                "a change to a region that is not there");
  return static_cast<Region*>(slot.node());
}

char* ShardImpl::AppendRegionMeta(const RootName& name, const RegionMeta& meta) {
  char fields[32];
  base::StoreLe64(fields, meta.id);
  base::StoreLe64(fields + 8, meta.size);
  base::StoreLe64(fields + 16, meta.data_length);
  base::StoreLe64(fields + 24, meta.maximum);
  const std::string_view body(fields, sizeof fields);
  return Append({Kind::kRegionMeta, 0, name.space, seq_, name.ns, name.name, 0}, {&body, 1});
}

void ShardImpl::CreateRegion(const RootName& name, uint64_t hash, uint64_t size, uint64_t maximum) {
  const RegionMeta meta{seq_, size, 0, maximum, seq_};
  const char* record = AppendRegionMeta(name, meta);
  auto region = std::make_unique<Region>(meta, tables_, accounts_);
  region->record.store(record, std::memory_order_release);
  regions_by_id_[meta.id] = region.get();
  changes_.push_back({RecordView(record).name(), hash, Slot(Form::kNode, static_cast<Node*>(region.release()))});
}

void ShardImpl::WriteRegion(const RootName& name, uint64_t hash, uint64_t offset, std::string_view data) {
  Region* region = FindRegion(name, hash);
  ApplyRegionChange(name, hash, region, region->PlanWrite(offset, data, max_record_));
}

void ShardImpl::ResizeRegion(const RootName& name, uint64_t hash, uint64_t new_size) {
  Region* region = FindRegion(name, hash);
  ApplyRegionChange(name, hash, region, region->PlanResize(new_size));
}

void ShardImpl::ApplyRegionChange(const RootName& name, uint64_t hash, Region* region, RegionChange change) {
  RegionWrite& write = region_writes_.emplace_back();
  write.region = region;
  write.change = std::move(change);
  write.hash = hash;
  AppendParts(region, write);
  if (write.change.meta_record) write.meta = AppendRegionMeta(name, write.change.after);
}

void ShardImpl::AppendParts(Region* region, RegionWrite& write) {
  const uint32_t ns = region->record.load(std::memory_order_relaxed) == nullptr ? 0 : RecordView(region->record).ns();
  for (const PartRecord& part : write.change.records) {
    char fields[24];
    base::StoreLe64(fields, write.change.after.id);
    base::StoreLe64(fields + 8, part.offset);
    base::StoreLe64(fields + 16, part.hole_length);
    absl::InlinedVector<std::string_view, 8> body = {{fields, part.kind == Kind::kHole ? size_t{24} : size_t{16}}};
    body.insert(body.end(), part.bytes.begin(), part.bytes.end());
    write.addresses.push_back(Append({part.kind, part.flags, Space::kRegions, seq_, ns, {}, 0}, {body.data(), body.size()}));
  }
}

void ShardImpl::Tick(uint64_t clock_ms) {
  new_clock_ms_ = std::max(clock_ms, state_.clock_ms.load(std::memory_order_relaxed));
  if (!shadow_) return;
  char field[8];
  base::StoreLe64(field, new_clock_ms_);
  const std::string_view body(field, sizeof field);
  const char* record = Append({Kind::kClock, 0, kClockName.space, seq_, kClockName.ns, kClockName.name, 0}, {&body, 1});
  changes_.push_back({kClockName, index_.Hash(kClockName), Slot(Form::kValue, record)});
}

void ShardImpl::Commit() {
  if (unsealed_ != nullptr) {
    Wblocks& wblocks = *shared_.wblocks;
    SealRecord(unsealed_, false, wblocks[wblocks.Of(unsealed_)].incarnation, wblocks.OffsetOf(unsealed_));
    unsealed_ = nullptr;
  }
  for (const Change& change : changes_) ApplySlot(change);
  changes_.clear();
  if (!region_writes_.empty()) {
    for (RegionWrite& write : region_writes_) ApplyRegionWrite(write);
    region_writes_.clear();
  }
  if (new_clock_ms_ != 0) {
    clock_seq_ = seq_;
    state_.clock_ms.store(new_clock_ms_, std::memory_order_release);
    wheel_.Advance(new_clock_ms_);
    new_clock_ms_ = 0;
  }
  state_.applied.store(seq_, std::memory_order_release);
  active_ = true;
}

void ShardImpl::ApplySlot(const Change& change) {
  Slot old;
  if (change.slot) {
    old = index_.Set(change.name, change.hash, change.slot);
    if (change.slot.form() == Form::kTombstone) accounts_.BecameTombstone(change.slot.record());
    if (change.slot.live()) {
      const RecordView record = change.slot.record();
      CountName(record.space(), record.kind(), 1);
      if (record.flags() & kExpiry) wheel_.Add(record.expiry_ms(), TagOf(record));
    }
  } else {
    old = index_.Erase(change.name, change.hash);
  }
  if (!old) return;
  if (old.live()) CountName(old.record().space(), old.record().kind(), -1);
  Kill(old, change.hash, seq_);
}

void ShardImpl::ApplyRegionWrite(RegionWrite& write) {
  const uint64_t before = write.region->Describe().data_length;
  write.region->Publish(write.change, {write.addresses.data(), write.addresses.size()}, seq_);
  if (write.change.after.data_length < before) shrunk_.push_back(write.region);
  if (write.meta == nullptr) return;
  const RecordView old(write.region->record.exchange(write.meta, std::memory_order_acq_rel));
  accounts_.Die(old, old.length(), seq_, write.hash);
}

// What `slot` leads to is not needed in memory any more.
void ShardImpl::Kill(Slot slot, uint64_t hash, uint64_t by) {
  const RecordView record = slot.record();
  if (slot.form() == Form::kNode) {
    if (record.kind() == Kind::kRegionMeta) {
      auto* region = static_cast<Region*>(slot.node());
      std::erase(shrunk_, region);
      region->Free(by);
      regions_by_id_.erase(region->id());
      releasing_.emplace_back(region);
    } else {
      std::unique_ptr<ValueNode> node(static_cast<ValueNode*>(slot.node()));
      KillChunks(*node, hash, by);
      node_bytes_ -= node->memory_bytes();
      retired_.push_back({0, std::move(node), nullptr});
    }
  }
  if (slot.form() == Form::kTombstone) accounts_.WasTombstone(record);
  accounts_.Die(record, record.length(), by, hash);
}

void ShardImpl::KillChunks(const ValueNode& node, uint64_t hash, uint64_t by) {
  for (uint32_t i = 0; i < node.count(); ++i) {
    const RecordView chunk = node.chunk(i);
    if (chunk.address() != nullptr) accounts_.Die(chunk, chunk.length(), by, hash);
  }
}

void ShardImpl::CountName(Space space, Kind kind, int by) {
  if (space == Space::kGrid || kind == Kind::kClock) return;
  auto& count = space == Space::kRegions ? regions_ : keys_;
  count.store(count.load(std::memory_order_relaxed) + static_cast<uint64_t>(static_cast<int64_t>(by)), std::memory_order_relaxed);
}

}  // namespace memgrid::storage
