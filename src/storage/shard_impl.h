// The parts of one shard and how they work together. What callers may expect: storage/shard.h.

#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "absl/container/flat_hash_map.h"
#include "storage/accounts.h"
#include "storage/defrag.h"
#include "storage/flusher.h"
#include "storage/index/index.h"
#include "storage/keeper.h"
#include "storage/quarantine.h"
#include "storage/record_codec.h"
#include "storage/shard.h"
#include "storage/shared.h"
#include "storage/stream.h"
#include "storage/timing_wheel.h"
#include "storage/value_node.h"

namespace memgrid::storage {

// The name under which the shard's clock is found: its newest tick.
inline constexpr RootName kClockName{0, Space::kGrid, {}};

class ShardImpl : public Shard {
 public:
  // `shared`, `keeper` and `space` (of the owner's loop) outlive it.
  ShardImpl(int number, Shared& shared, WblockKeeper& keeper, env::Loop& owner, LoopSpace& space);
  ~ShardImpl() override;

  int number() const override { return state_.number; }
  env::Loop& owner() override { return owner_; }

  uint64_t Hash(const RootName& name) const override { return index_.Hash(name); }
  void Prefetch(uint64_t hash) const override { index_.Prefetch(hash); }
  void ReadValue(const RootName& name, uint64_t hash, ValueRead& out) const override;
  void ReadRegion(const RootName& name, uint64_t hash, uint64_t offset, uint64_t length, RegionRead& out) const override;
  void DescribeRegion(const RootName& name, uint64_t hash, RegionRead& out) const override;
  uint64_t applied() const override { return state_.applied.load(std::memory_order_acquire); }
  uint64_t persisted() const override { return state_.persisted.load(std::memory_order_acquire); }
  uint64_t recorded() const override { return state_.recorded.load(std::memory_order_acquire); }
  uint64_t clock_ms() const override { return state_.clock_ms.load(std::memory_order_acquire); }
  bool has_shadow() const override { return shadow_; }
  ShardStats stats() const override;

  Admission Admit(const Need& need) override;
  void Begin(uint64_t seq) override;
  void PutValue(const RootName& name, uint64_t hash, uint64_t expiry_ms, std::string_view value) override;
  void PutGrid(Kind kind, const RootName& name, uint64_t hash, std::string_view body) override;
  bool Remove(const RootName& name, uint64_t hash) override;
  void CreateRegion(const RootName& name, uint64_t hash, uint64_t size, uint64_t maximum) override;
  void WriteRegion(const RootName& name, uint64_t hash, uint64_t offset, std::string_view data) override;
  void ResizeRegion(const RootName& name, uint64_t hash, uint64_t new_size) override;
  void Tick(uint64_t clock_ms) override;
  void Commit() override;
  uint64_t NextDeadline() const override { return wheel_.Next(); }
  bool List(uint32_t ns, Space space, std::string_view prefix, std::string_view after,
            absl::FunctionRef<bool(std::string_view name)> visit) const override;
  void Scan(Space space, absl::FunctionRef<void(RecordView record)> visit) const override;
  void WhenPersisted(uint64_t seq, absl::AnyInvocable<void(absl::Status)> done) override;
  void FlushTo(uint64_t seq) override;

  // --- the store, on the owner's loop ---

  // At the end of every turn of the loop: flushes, reuse, clean-up of what expired or was freed, in slices. Returns when it wants to
  // be called again at the latest (Flusher::kNever: not before something happens).
  env::Nanos TurnEnd(env::Nanos now);
  // Something happened since the last TurnEnd.
  bool active() const { return active_; }
  void Drain(absl::AnyInvocable<void(absl::Status)> done);

  // Records moved by defrag keep their deadline: their wheel entry is made anew.
  void RememberDeadline(RecordView record);

  // Parts of freed or shrunk regions wait to be accounted as dead.
  bool releasing() const { return !releasing_.empty() || !shrunk_.empty(); }
  // The live region of this id, or null.
  Region* RegionOf(uint64_t id) const;
  // Parts that a shrink cut off have not all been reported dead yet.
  bool sweeping() const { return !shrunk_.empty(); }
  uint64_t clock_seq() const { return clock_seq_; }  // of the latest tick

  ShardState& state() { return state_; }
  Accounts& accounts() { return accounts_; }
  Stream& head() { return head_; }
  Stream& survivors() { return survivors_; }
  Flusher& flusher() { return flusher_; }
  Quarantine& quarantine() { return quarantine_; }
  Index& index() { return index_; }
  Shared& shared() { return shared_; }

 private:
  friend class ShardLoader;

  // What Commit does to one name.
  struct Change {
    RootName name;  // bytes in the new record, or the caller's
    uint64_t hash = 0;
    Slot slot;      // form kNone: forget the name
  };
  struct RegionWrite {
    Region* region = nullptr;
    RegionChange change;
    absl::InlinedVector<const char*, 8> addresses;
    const char* meta = nullptr;  // the new meta record, if there is one
    uint64_t hash = 0;
  };
  // Nodes that readers may still look at.
  struct Retired {
    uint64_t stamp = 0;
    std::unique_ptr<ValueNode> value;
    std::unique_ptr<Region> region;
  };

  // write
  char* Append(const RecordHead& head, std::span<const std::string_view> body);
  Slot AppendChunked(const RootName& name, uint64_t hash, uint64_t expiry_ms, std::string_view value);
  char* AppendRegionMeta(const RootName& name, const RegionMeta& meta);
  void AppendParts(Region* region, RegionWrite& write);
  void ApplyRegionChange(const RootName& name, uint64_t hash, Region* region, RegionChange change);
  void ApplySlot(const Change& change);
  void ApplyRegionWrite(RegionWrite& write);
  void Kill(Slot slot, uint64_t hash, uint64_t by);
  void KillChunks(const ValueNode& node, uint64_t hash, uint64_t by);
  void CountName(Space space, Kind kind, int by);
  Region* FindRegion(const RootName& name, uint64_t hash) const;

  // read
  ReadOutcome FindSlot(const RootName& name, uint64_t hash, Slot* slot) const;
  bool IsExpired(RecordView record) const;

  // admission
  absl::Status WhyNoWblock(Purpose purpose) const;
  absl::Status CheckSpace(const Need& need) const;
  absl::Status CheckCredit(const Need& need, env::Nanos* delay) const;

  // maintenance
  bool ExpireSlice();
  void Expire(RecordView record);
  bool ReleaseSlice();
  void FreeRetired();
  void PublishUse();
  uint64_t TagOf(RecordView record) const;
  bool RecordOf(uint64_t tag, RecordView* record) const;

  Shared& shared_;
  WblockKeeper& keeper_;
  env::Loop& owner_;
  LoopSpace& space_;
  const bool shadow_;
  const size_t max_record_;
  ShardState state_;
  Index index_;
  TableMemory tables_;
  Accounts accounts_;
  Stream head_;
  Stream survivors_;
  Flusher flusher_;
  FreeMarks free_marks_;
  Quarantine quarantine_;
  TimingWheel wheel_;
  Defrag defrag_;
  absl::flat_hash_map<uint64_t, Region*> regions_by_id_;

  // the command under way
  uint64_t seq_ = 0;
  char* unsealed_ = nullptr;  // its last record: it is not known yet whether more follow
  absl::InlinedVector<Change, 4> changes_;
  std::vector<RegionWrite> region_writes_;
  uint64_t new_clock_ms_ = 0;

  uint64_t clock_seq_ = 0;  // of the latest tick
  std::deque<std::unique_ptr<Region>> releasing_;  // freed: their parts die in slices
  std::deque<Region*> shrunk_;                      // the same for what a shrink cut off
  std::deque<Retired> retired_;
  uint64_t published_use_ = 0;
  uint64_t published_live_ = 0;
  env::Nanos turn_now_{0};
  bool active_ = true;  // something happened since the last TurnEnd
  env::Nanos next_due_{0};
  size_t node_bytes_ = 0;
  uint64_t user_bytes_ = 0;
  // For stats(), written by the owner.
  std::atomic<uint64_t> keys_{0}, regions_{0}, live_bytes_{0}, index_bytes_{0}, tombstones_{0};
  std::atomic<bool> damaged_{false};
};

}  // namespace memgrid::storage
