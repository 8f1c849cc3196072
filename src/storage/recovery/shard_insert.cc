// What to do with the records that count: index, nodes, accounts.

#include <algorithm>
#include <utility>


#include "base/endian.h"
#include "storage/recovery/shard_loader.h"

namespace memgrid::storage {
namespace {

// Look-ups of so many records go to memory together.
constexpr size_t kBatch = 32;

// The order of a hash map differs from run to run; what recovery does must not.
template <typename Map>
std::vector<std::pair<typename Map::key_type, typename Map::mapped_type>> InOrder(const Map& map) {
  std::vector<std::pair<typename Map::key_type, typename Map::mapped_type>> all(map.begin(), map.end());
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  return all;
}

}  // namespace

void ShardLoader::Adopt(Found& found) {
  Wblock& wblock = wblocks_[found.wblock];
  wblock.stream = found.mark().stream;
  wblock.number = found.mark().number;
  wblock.incarnation = found.mark().incarnation;
  wblock.filled = wblock.durable = found.scan.end;
  wblock.live.store(0, std::memory_order_relaxed);
  wblock.use.store(WblockUse::kOpen, std::memory_order_relaxed);  // until Finish
  wblock.shard.store(shard_.state_.number, std::memory_order_relaxed);
  wblocks_.durable_incarnation(found.wblock).store(wblock.incarnation, std::memory_order_relaxed);
  wblock.has_void = found.scan.header_lost;
  if (!found.scan.HasSecondMark(wblocks_.geometry().io_unit)) {
    // The life before this one may come back: nothing that shadows anything may go before it is gone.
    wblock.header_only = true;
    wblock.dead = Dead{0, ~uint64_t{0}};
  }
  shard_.accounts_.Adopt(found.wblock);
  wblocks_.DiscardTail(found.wblock, found.scan.end);
}

void ShardLoader::InsertAll(Found& found) {
  Wblock& wblock = wblocks_[found.wblock];
  ScanWalk walk(wblocks_.memory(found.wblock), found.scan);
  for (ScanWalk::Step step = walk.Next(); step != ScanWalk::Step::kEnd; step = walk.Next()) {
    if (step == ScanWalk::Step::kMark) continue;
    if (step == ScanWalk::Step::kFault && walk.fault().kind != Fault::kRecord) continue;
    const bool rotten = step == ScanWalk::Step::kFault || found.scan.first_lost;
    const RecordView record = walk.record();
    if (IsVoid(found, record.seq())) {
      ++report_.void_records;
      wblock.has_void = true;
      continue;
    }
    ++report_.records;
    wblock.max_seq = std::max(wblock.max_seq, record.seq());
    Take(record, rotten);
  }
}

void ShardLoader::Take(RecordView record, bool rotten) {
  Form form = Form::kValue;
  switch (record.kind()) {
    case Kind::kPad:
      return;
    case Kind::kChunk:
      if (!rotten) chunks_.push_back(record.address());
      return;
    case Kind::kExtent:
    case Kind::kHole:
      if (rotten) {
        lost_parts_.push_back(record.address());
      } else {
        parts_.push_back(record.address());
      }
      return;
    case Kind::kValueRoot:
      if (!rotten) value_roots_.push_back(record.address());
      break;
    case Kind::kRegionMeta:
      if (!rotten) region_roots_.push_back(record.address());
      break;
    case Kind::kTombstone:
      form = Form::kTombstone;
      break;
    default:
      break;
  }
  if (rotten) form = Form::kLost;
  const uint64_t hash = shard_.index_.Hash(record.name());
  shard_.index_.Prefetch(hash);
  batch_.push_back({record, form, hash});
  if (batch_.size() == kBatch) InsertBatch();
}

void ShardLoader::InsertBatch() {
  for (const Pending& each : batch_) Insert(each.record, each.form, each.hash);
  batch_.clear();
}

void ShardLoader::MarkDead(RecordView record, uint64_t hash) {
  if (record.kind() != Kind::kTombstone) wblocks_[wblocks_.Of(record.address())].dead.Add(record.seq(), hash);
}

// The newest counts; of copies of one record any, but a good one before a rotten one.
void ShardLoader::Insert(RecordView record, Form form, uint64_t hash) {
  const Slot slot(form, record.address());
  const Slot old = shard_.index_.Set(record.name(), hash, slot);
  if (old) {
    const RecordView before = old.record();
    const bool older = before.seq() < record.seq() || (before.seq() == record.seq() && old.form() == Form::kLost);
    if (!older) {
      shard_.index_.Set(before.name(), hash, old);
      MarkDead(record, hash);
      return;
    }
    shard_.accounts_.Die(before, before.length(), 0, hash);
  }
  shard_.accounts_.OnAppend(wblocks_[wblocks_.Of(record.address())], static_cast<uint32_t>(record.length()));
}

void ShardLoader::BuildNodes() {
  for (const char* root : value_roots_) BuildValue(RecordView(root));
  for (const char* root : region_roots_) BuildRegion(RecordView(root));
}

void ShardLoader::BuildValue(RecordView record) {
  const uint64_t hash = shard_.index_.Hash(record.name());
  const Slot slot = shard_.index_.Get(record.name(), hash);
  if (slot.form() != Form::kValue || slot.address() != record.address()) return;
  const std::string_view body = record.body();
  auto node = std::make_unique<ValueNode>(record.address(), base::LoadLe64(body.data()), base::LoadLe32(body.data() + 8));
  values_[{hash, record.seq()}] = node.get();
  shard_.node_bytes_ += node->memory_bytes();
  shard_.index_.Set(record.name(), hash, Slot(Form::kNode, static_cast<Node*>(node.release())));
}

void ShardLoader::BuildRegion(RecordView record) {
  const uint64_t hash = shard_.index_.Hash(record.name());
  const Slot slot = shard_.index_.Get(record.name(), hash);
  if (slot.form() != Form::kValue || slot.address() != record.address()) return;
  const char* body = record.body().data();
  const RegionMeta meta{base::LoadLe64(body), base::LoadLe64(body + 8), base::LoadLe64(body + 16), base::LoadLe64(body + 24),
                        record.seq()};
  auto region = std::make_unique<Region>(meta, shard_.tables_, shard_.accounts_);
  region->record.store(record.address(), std::memory_order_relaxed);
  regions_[meta.id] = region.get();
  shard_.regions_by_id_[meta.id] = region.get();
  shard_.index_.Set(record.name(), hash, Slot(Form::kNode, static_cast<Node*>(region.release())));
}

void ShardLoader::AttachChunks() {
  for (const char* address : chunks_) {
    const RecordView chunk(address);
    const std::string_view body = chunk.body();
    const uint64_t hash = base::LoadLe64(body.data());
    const uint32_t number = base::LoadLe32(body.data() + 8);
    const auto value = values_.find({hash, chunk.seq()});
    if (value == values_.end() || number >= value->second->count() || value->second->chunk(number).address() != nullptr) {
      MarkDead(chunk, hash);
      continue;
    }
    value->second->set_chunk(number, address);
    shard_.accounts_.OnAppend(wblocks_[wblocks_.Of(address)], static_cast<uint32_t>(chunk.length()));
  }
}

// Chunks cannot be torn, being of one command with their root: one that is missing was rotten, or died when the value
// expired and its place has been used since.
void ShardLoader::LoseValuesWithoutChunks() {
  const uint64_t clock = FindClock();
  for (const auto& [key, node] : InOrder(values_)) {
    bool whole = true;
    for (uint32_t i = 0; i < node->count(); ++i) whole &= node->chunk(i).address() != nullptr;
    if (whole) continue;
    const RecordView record(node->record.load(std::memory_order_relaxed));
    const bool expired = (record.flags() & kExpiry) != 0 && record.expiry_ms() <= clock;
    Lose(record.name(), key.first);
    if (expired) shard_.index_.Set(record.name(), key.first, Slot(Form::kTombstone, record.address()));
  }
}

// A chunked value or a region whose bytes are not all there: its name answers DATA_LOSS until it is written again.
void ShardLoader::Lose(const RootName& name, uint64_t hash) {
  const Slot slot = shard_.index_.Get(name, hash);
  const RecordView record = slot.record();
  shard_.index_.Set(name, hash, Slot(Form::kLost, record.address()));
  if (record.kind() == Kind::kValueRoot) {
    std::unique_ptr<ValueNode> node(static_cast<ValueNode*>(slot.node()));
    for (uint32_t i = 0; i < node->count(); ++i) {
      const RecordView chunk = node->chunk(i);
      if (chunk.address() != nullptr) shard_.accounts_.Die(chunk, chunk.length(), 0, hash);
    }
    shard_.node_bytes_ -= node->memory_bytes();
  } else {
    auto* region = static_cast<Region*>(slot.node());
    region->Free(0);
    shard_.regions_by_id_.erase(region->id());
    shard_.releasing_.emplace_back(region);
  }
}

void ShardLoader::AttachParts() {
  struct Part {
    Region* region;
    RecordView record;
  };
  std::vector<Part> parts;
  for (const char* address : parts_) {
    const RecordView record(address);
    if (!ValidPart(record)) continue;
    const uint64_t id = PartView(record).region();
    const auto region = regions_.find(id);
    if (region == regions_.end()) {
      MarkDead(record, Accounts::HashOfRegion(id));
    } else {
      parts.push_back({region->second, record});
    }
  }
  // As they were applied: by seq, and within a command whole pages, patches, holes.
  const auto rank = [](RecordView record) {
    return record.kind() == Kind::kHole ? 2 : (record.flags() & kPatch) ? 1 : 0;
  };
  // Of equal copies the last counts: those of sound wblocks, which came first.
  std::reverse(parts.begin(), parts.end());
  std::stable_sort(parts.begin(), parts.end(), [&](const Part& a, const Part& b) {
    return std::tuple(a.region->id(), a.record.seq(), rank(a.record)) < std::tuple(b.region->id(), b.record.seq(), rank(b.record));
  });
  for (const Part& part : parts) part.region->Load(part.record);
  for (const Part& part : parts) {
    const size_t live = part.region->LiveBytes(part.record);
    if (live > 0) shard_.accounts_.OnAppend(wblocks_[wblocks_.Of(part.record.address())], static_cast<uint32_t>(live));
    if (live < part.record.length()) MarkDead(part.record, Accounts::HashOfRegion(part.region->id()));
  }
}

// A rotten part does not say of which region it is: none of its namespace can be trusted.
void ShardLoader::LoseRegions() {
  std::vector<uint32_t> namespaces;
  for (const char* address : lost_parts_) {
    const auto in = std::find_if(found_.begin(), found_.end(),
                                 [&](const Found& found) { return found.wblock == wblocks_.Of(address); });
    if (!WasFree(*in)) namespaces.push_back(RecordView(address).ns());
  }
  if (namespaces.empty()) return;
  for (const auto& [id, region] : InOrder(regions_)) {
    const RecordView record(region->record.load(std::memory_order_relaxed));
    if (std::find(namespaces.begin(), namespaces.end(), record.ns()) == namespaces.end()) continue;
    Lose(record.name(), shard_.index_.Hash(record.name()));
  }
}

// Of the newest tick. Marks know the clock too: where the record has rotted, one behind it must tell, or names that have
// expired would be back.
uint64_t ShardLoader::FindClock() {
  const Slot slot = shard_.index_.Get(kClockName, shard_.index_.Hash(kClockName));
  if (!slot) return 0;
  shard_.clock_seq_ = slot.record().seq();
  if (slot.form() == Form::kValue) return base::LoadLe64(slot.record().body().data());
  uint64_t clock = 0;
  bool told = false;
  for (const Found& found : found_) {
    for (const ScannedMark& each : found.scan.marks) {
      if (each.mark.applied < shard_.clock_seq_ || each.mark.applied > applied_) continue;
      clock = std::max(clock, each.mark.clock_ms);
      told = true;
    }
  }
  report_.damaged |= !told;
  return clock;
}

void ShardLoader::Finish() {
  ShardImpl& shard = shard_;
  const uint64_t clock = FindClock();
  shard.state_.epoch = entry_.epoch;
  shard.state_.base = applied_;
  for (auto* number : {&shard.state_.applied, &shard.state_.persisted, &shard.state_.recorded}) number->store(applied_);
  shard.state_.clock_ms.store(clock);
  shard.head_.StartAfter(applied_);
  shard.damaged_.store(report_.damaged);
  uint64_t position = 0;
  const auto visit = [&](Slot each) {
    if (each.form() == Form::kLost) ++report_.lost_keys;
    if (each.form() == Form::kTombstone) shard.accounts_.BecameTombstone(each.record());
    if (!each.live()) return;
    const RecordView record = each.record();
    shard.CountName(record.space(), record.kind(), 1);
    if (record.flags() & kExpiry) shard.wheel_.Add(record.expiry_ms(), shard.TagOf(record));
  };
  while (shard.index_.Walk(&position, 4096, visit)) {
  }
  shard.wheel_.Advance(clock);
  for (const Found& found : found_) shard.accounts_.Seal(found.wblock);
  shard.active_ = true;
}

}  // namespace memgrid::storage
