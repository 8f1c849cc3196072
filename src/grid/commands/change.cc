#include "grid/commands/change.h"

#include <algorithm>

#include "base/check.h"

namespace memgrid::grid {
namespace {

void CheckKnown(storage::ReadOutcome outcome) {
  MEMGRID_CHECK(outcome != storage::ReadOutcome::kAskOwner,
                "the owner itself was told to ask the owner");
}

}  // namespace

storage::ValueRead Change::Read(const storage::RootName& name) const {
  storage::ValueRead read;
  shard_.ReadValue(name, shard_.Hash(name), read);
  CheckKnown(read.outcome);
  return read;
}

storage::RegionRead Change::Describe(const storage::RootName& name) const {
  storage::RegionRead read;
  shard_.DescribeRegion(name, shard_.Hash(name), read);
  CheckKnown(read.outcome);
  return read;
}

storage::RegionRead Change::Read(const storage::RootName& name, uint64_t offset,
                                 uint64_t length) const {
  storage::RegionRead read;
  shard_.ReadRegion(name, shard_.Hash(name), offset, length, read);
  CheckKnown(read.outcome);
  return read;
}

void Change::Begin() {
  if (begun_) return;
  begun_ = true;
  shard_.Begin(seq_);
}

void Change::PutValue(const storage::RootName& name, uint64_t expiry_ms, std::string_view value) {
  if (state_.Follows(name.ns)) {
    const storage::ValueRead before = Read(name);
    const bool there = before.outcome == storage::ReadOutcome::kFound;
    if (!there) state_.journals().Note(name.ns, name.space, name.name, false);
    if (Usage* usage = state_.usage(name.ns)) {
      if (there) usage->Subtract(name.name.size() + before.payload.size, before.expiry_ms);
      usage->Add(name.name.size() + value.size(), expiry_ms);
    }
  }
  Begin();
  shard_.PutValue(name, shard_.Hash(name), expiry_ms, value);
}

bool Change::RemoveKey(const storage::RootName& name) {
  const storage::ValueRead before = Read(name);
  if (before.outcome == storage::ReadOutcome::kAbsent) return false;
  if (state_.Follows(name.ns)) {
    state_.journals().Note(name.ns, name.space, name.name, true);
    Usage* usage = state_.usage(name.ns);
    if (usage != nullptr && before.outcome == storage::ReadOutcome::kFound) {
      usage->Subtract(name.name.size() + before.payload.size, before.expiry_ms);
    }
  }
  Begin();
  shard_.Remove(name, shard_.Hash(name));
  return true;
}

void Change::CreateRegion(const storage::RootName& name, uint64_t size, uint64_t maximum) {
  if (state_.Follows(name.ns)) {
    state_.journals().Note(name.ns, name.space, name.name, false);
    if (Usage* usage = state_.usage(name.ns)) usage->Add(name.name.size(), 0);
  }
  Begin();
  shard_.CreateRegion(name, shard_.Hash(name), size, maximum);
}

void Change::WriteRegion(const storage::RootName& name, const storage::RegionMeta& before,
                         uint64_t offset, std::string_view data) {
  if (Usage* usage = state_.usage(name.ns)) {
    const uint64_t end = offset + data.size();
    if (end > before.data_length) usage->Add(end - before.data_length, 0);
  }
  Begin();
  shard_.WriteRegion(name, shard_.Hash(name), offset, data);
}

void Change::ResizeRegion(const storage::RootName& name, const storage::RegionMeta& before,
                          uint64_t new_size) {
  Usage* usage = state_.usage(name.ns);
  if (usage != nullptr && new_size < before.data_length)
    usage->Subtract(before.data_length - new_size, 0);
  Begin();
  shard_.ResizeRegion(name, shard_.Hash(name), new_size);
}

void Change::RemoveRegion(const storage::RootName& name, const storage::RegionMeta& before) {
  if (state_.Follows(name.ns)) {
    state_.journals().Note(name.ns, name.space, name.name, true);
    if (Usage* usage = state_.usage(name.ns))
      usage->Subtract(name.name.size() + before.data_length, 0);
  }
  Begin();
  shard_.Remove(name, shard_.Hash(name));
}

void Change::PutGrid(storage::Kind kind, std::string_view name, std::string_view body) {
  const storage::RootName root{0, storage::Space::kGrid, name};
  Begin();
  shard_.PutGrid(kind, root, shard_.Hash(root), body);
}

void Change::RemoveGrid(std::string_view name) {
  const storage::RootName root{0, storage::Space::kGrid, name};
  Begin();
  shard_.Remove(root, shard_.Hash(root));
}

void Change::Tick() {
  if (state_.journals().open()) state_.journals().Break();
  for (auto& [ns, usage] : state_.usages()) usage.Expire(time_ms_);
  Begin();
  shard_.Tick(time_ms_);
}

void Change::Commit() {
  if (begun_) shard_.Commit();
}

}  // namespace memgrid::grid
