#include "workload.h"

#include <algorithm>
#include <string>

#include "base/strings.h"

namespace memgrid::sim {
namespace {

using storage::Need;
using storage::Region;
using storage::Space;

constexpr uint64_t kRecordOverhead = 64;  // header, expiry, prefix of a chunk, padding
constexpr uint64_t kMetaBody = 32;
constexpr uint64_t kFar = uint64_t{1} << 41;
constexpr uint64_t kNamespaces = 3;
constexpr uint64_t kRegionNames = 4;
constexpr uint64_t kGridNames = 20;

void AddValue(Need& need, const ModelOp& op, uint64_t max_record) {
  const uint64_t length = op.name.name.size() + op.length + kRecordOverhead;
  // Chunks carry at least half of the largest record.
  const uint64_t records = length <= max_record ? 1 : op.length / (max_record / 2) + 2;
  need.records += static_cast<uint32_t>(records);
  need.bytes += length + records * kRecordOverhead;
}

void AddMeta(Need& need, const ModelOp& op) {
  need.records += 1;
  need.bytes += op.name.name.size() + kRecordOverhead + kMetaBody;
}

void AddWrite(Need& need, const ModelOp& op, uint64_t max_record) {
  size_t records = 0;
  uint64_t bytes = 0;
  Region::Bound(op.offset, op.length, max_record, &records, &bytes);
  need.records += static_cast<uint32_t>(records);
  need.bytes += bytes;
  AddMeta(need, op);
}

}  // namespace

ModelName Workload::Key() {
  const uint64_t number = dice_.Below(plan_.names);
  ModelName name{static_cast<uint32_t>(1 + number % kNamespaces), Space::kKeys,
                 base::StrCat("key", number)};
  // Names of all lengths up to the longest.
  if (number % 16 == 7) name.name.resize(1 + number * 31 % 1024, 'k');
  if (plan_.max_record() < 2048) name.name.resize(std::min<size_t>(name.name.size(), 200));
  names_.insert(name);
  return name;
}

ModelName Workload::RegionName() {
  const ModelName name{1, Space::kRegions, base::StrCat("key", dice_.Below(kRegionNames))};
  names_.insert(name);
  return name;
}

ModelName Workload::AnyName() {
  return plan_.regions && dice_.Percent(30) ? RegionName() : Key();
}

uint64_t Workload::ValueLength() {
  const uint64_t kind = dice_.Below(100);
  if (kind < 5) return 0;
  if (kind < 75) return dice_.Logarithmic(plan_.max_record() / 2);
  if (kind < 96) return dice_.Logarithmic(plan_.max_record());
  return dice_.Logarithmic(plan_.largest_value);
}

ModelOp Workload::KeyOp(const ModelShard& state) {
  ModelOp op;
  op.name = Key();
  if (dice_.Percent(25)) {
    op.kind = ModelOp::Kind::kRemove;
    return op;
  }
  op.content = ++contents_;
  op.length = ValueLength();
  if (dice_.Percent(20)) op.expiry_ms = state.clock_ms() + dice_.Logarithmic(5000);
  return op;
}

ModelOp Workload::GridOp() {
  ModelOp op;
  op.kind = dice_.Percent(80) ? ModelOp::Kind::kGrid : ModelOp::Kind::kRemove;
  op.name = {0, Space::kGrid, base::StrCat("session", dice_.Below(kGridNames))};
  op.record = dice_.Percent(50) ? storage::Kind::kSession : storage::Kind::kNamespaceMeta;
  op.content = ++contents_;
  op.length = dice_.Below(300);
  names_.insert(op.name);
  return op;
}

uint64_t Workload::RegionOffset() {
  const uint64_t kind = dice_.Below(20);
  if (kind == 0) return kFar + dice_.Below(16384);
  if (kind < 3) return (2u << 20) - 8192 + dice_.Below(16384);
  return dice_.Below(plan_.most_bytes / 16 + 1);
}

ModelOp Workload::RegionOp(const ModelShard& state) {
  ModelOp op;
  op.name = RegionName();
  const auto* const region = state.FindRegion(op.name);
  const uint64_t kind = dice_.Below(100);
  if (region == nullptr) {
    op.kind = ModelOp::Kind::kCreate;
    op.size = dice_.Below(2) * RegionOffset();
  } else if (kind < 75) {
    op.kind = ModelOp::Kind::kWrite;
    op.offset = RegionOffset();
    op.content = ++contents_;
    op.length = dice_.Percent(70) ? dice_.Logarithmic(300)
                                  : dice_.Logarithmic(plan_.largest_value / 2 + 1);
  } else if (kind < 97) {
    op.kind = ModelOp::Kind::kResize;
    op.size = dice_.Percent(30) ? dice_.Below(region->meta.data_length + 1) : RegionOffset();
  } else {
    op.kind = ModelOp::Kind::kRemove;
  }
  return op;
}

ModelOp Workload::Tick(uint64_t now_ms) {
  ModelOp op;
  op.kind = ModelOp::Kind::kTick;
  op.clock_ms = now_ms;
  return op;
}

ModelCommand Workload::Next(const ModelShard& state, uint64_t now_ms) {
  ModelCommand command;
  if (now_ms > state.clock_ms() && dice_.Percent(3)) {
    command.ops.push_back(Tick(now_ms));
    return command;
  }
  const uint64_t ops = dice_.Percent(85) ? 1 : dice_.Between(2, 4);
  for (uint64_t i = 0; i < ops; ++i) {
    const uint64_t kind = dice_.Below(100);
    ModelOp op = kind < 8                     ? GridOp()
                 : plan_.regions && kind < 50 ? RegionOp(state)
                                              : KeyOp(state);
    const bool again = std::any_of(
        command.ops.begin(), command.ops.end(), [&](const ModelOp& other) {
          const bool creates = op.kind == ModelOp::Kind::kCreate && other.kind == op.kind;
          return other.name == op.name || creates;  // a region's id is the seq of its creation
        });
    if (!again) command.ops.push_back(std::move(op));
  }
  return command;
}

ModelCommand Workload::Removal(const ModelShard& state) {
  ModelCommand command;
  const bool region = !state.regions().empty() && (dice_.Percent(10) || state.values().empty());
  if (!region && state.values().empty()) return command;
  ModelOp op;
  op.kind = ModelOp::Kind::kRemove;
  op.name = region ? std::next(state.regions().begin(),
                               static_cast<long>(dice_.Below(state.regions().size())))
                         ->first
                   : std::next(state.values().begin(),
                               static_cast<long>(dice_.Below(state.values().size())))
                         ->first;
  command.ops.push_back(std::move(op));
  return command;
}

Need Workload::NeedOf(const ModelCommand& command, const ModelShard& state) const {
  Need need;
  need.frees = true;
  for (const ModelOp& op : command.ops) {
    const bool frees = op.kind == ModelOp::Kind::kRemove || op.kind == ModelOp::Kind::kTick;
    need.frees = need.frees && frees;
    switch (op.kind) {
      case ModelOp::Kind::kPut:
      case ModelOp::Kind::kGrid:
        AddValue(need, op, plan_.max_record());
        need.creations += !state.Exists(op.name);
        break;
      case ModelOp::Kind::kCreate:
        need.creations += 1;
        AddMeta(need, op);
        break;
      case ModelOp::Kind::kWrite:
        AddWrite(need, op, plan_.max_record());
        break;
      case ModelOp::Kind::kResize:
        need.records += Region::kMaxResizeRecords;
        need.bytes += Region::kMaxResizeBytes;
        AddMeta(need, op);
        break;
      case ModelOp::Kind::kRemove:
      case ModelOp::Kind::kTick:
        need.records += 1;
        need.bytes += op.name.name.size() + kRecordOverhead;
        break;
    }
  }
  return need;
}

std::string Describe(const ModelCommand& command) {
  static constexpr const char* kNames[] = {"put", "grid", "remove", "create", "write", "resize",
                                           "tick"};
  std::string line = base::StrCat(command.seq, ":");
  for (const ModelOp& op : command.ops) {
    line += base::StrCat(" ", kNames[static_cast<int>(op.kind)], " ",
                         static_cast<int>(op.name.space), "/", op.name.ns, "/",
                         op.name.name.substr(0, 12), " length ", op.length, " offset ", op.offset,
                         " size ", op.size, " expiry ", op.expiry_ms, " clock ", op.clock_ms);
  }
  return line;
}

std::string Execute(storage::Shard& shard, const ModelCommand& command, const ModelShard& before) {
  std::string wrong;
  shard.Begin(command.seq);
  for (const ModelOp& op : command.ops) {
    const storage::RootName name = op.name.root();
    const uint64_t hash = shard.Hash(name);
    switch (op.kind) {
      case ModelOp::Kind::kPut:
        shard.PutValue(name, hash, op.expiry_ms, storage::testing::Content(op.content, op.length));
        break;
      case ModelOp::Kind::kGrid:
        shard.PutGrid(op.record, name, hash, storage::testing::Content(op.content, op.length));
        break;
      case ModelOp::Kind::kRemove:
        if (shard.Remove(name, hash) == before.Exists(op.name)) break;
        wrong = base::StrCat("removing `", op.name.name, "` found what should not be there, or did not");
        break;
      case ModelOp::Kind::kCreate:
        shard.CreateRegion(name, hash, op.size, storage::kMaxRegionBytes);
        break;
      case ModelOp::Kind::kWrite:
        shard.WriteRegion(name, hash, op.offset, storage::testing::Content(op.content, op.length));
        break;
      case ModelOp::Kind::kResize:
        shard.ResizeRegion(name, hash, op.size);
        break;
      case ModelOp::Kind::kTick:
        shard.Tick(op.clock_ms);
        break;
    }
  }
  shard.Commit();
  return wrong;
}

}  // namespace memgrid::sim
