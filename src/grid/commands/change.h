// What one command does to its shard: the storage calls, made known to those who follow names and
// sizes (lists under way, quotas).
//
// Threads: the owner of the shard, inside StateMachine::Apply.

#pragma once

#include <cstdint>
#include <string_view>

#include "grid/commands/command.h"
#include "grid/shard_state.h"
#include "storage/shard.h"

namespace memgrid::grid {

class Change {
 public:
  // `time_ms`: max(the shard's clock, the command's time).
  Change(ShardState& state, uint64_t seq, uint64_t time_ms)
      : state_(state), shard_(state.shard()), seq_(seq), time_ms_(time_ms) {}
  Change(const Change&) = delete;
  Change& operator=(const Change&) = delete;

  ShardState& state() { return state_; }
  uint64_t seq() const { return seq_; }
  uint64_t time_ms() const { return time_ms_; }

  // The state before the command.
  storage::ValueRead Read(const storage::RootName& name) const;
  storage::RegionRead Describe(const storage::RootName& name) const;
  storage::RegionRead Read(const storage::RootName& name, uint64_t offset, uint64_t length) const;

  // Changes: each name at most once a command. Regions: `before` is what Describe gave.
  void PutValue(const storage::RootName& name, uint64_t expiry_ms, std::string_view value);
  bool RemoveKey(const storage::RootName& name);  // false: it was not there, nothing changes
  void CreateRegion(const storage::RootName& name, uint64_t size, uint64_t maximum);
  void WriteRegion(const storage::RootName& name, const storage::RegionMeta& before,
                   uint64_t offset, std::string_view data);
  void ResizeRegion(const storage::RootName& name, const storage::RegionMeta& before,
                    uint64_t new_size);
  void RemoveRegion(const storage::RootName& name, const storage::RegionMeta& before);
  // Records of the grid's own; they belong to the shard (namespace 0).
  void PutGrid(storage::Kind kind, std::string_view name, std::string_view body);
  void RemoveGrid(std::string_view name);
  void Tick();  // to time_ms()

  // Publishes all of it; without a change the sequence is not used.
  void Commit();

 private:
  void Begin();

  ShardState& state_;
  storage::Shard& shard_;
  const uint64_t seq_;
  const uint64_t time_ms_;
  bool begun_ = false;
};

}  // namespace memgrid::grid
