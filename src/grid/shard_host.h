// A shard at work: its state machine, its replicator, its clock, its inbox, and who waits for what.
//
// Threads: "any loop" as marked; everything else on the loop that owns the shard.

#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "env/loop.h"
#include "grid/commands/bounds.h"
#include "grid/counters.h"
#include "grid/expiry.h"
#include "grid/inbox.h"
#include "grid/list.h"
#include "grid/shard_state.h"
#include "grid/state_machine.h"
#include "grid/work.h"
#include "replication/replicator.h"
#include "storage/shard.h"

namespace memgrid::base {
class HashKey;
}

namespace memgrid::grid {

// What all shards of a process share. Outlives them.
struct Common {
  env::LoopGroup& loops;
  Namespaces& namespaces;
  ShardState::Limits limits;
  std::vector<std::unique_ptr<Outbox>> outboxes;  // by loop
  std::unique_ptr<LoopCounters[]> counters;       // by loop
};

class ShardHost {
 public:
  static constexpr uint32_t kInboxCommands = 16'384;
  static constexpr uint64_t kInboxBytes = 32u << 20;

  // `store`: its name, for texts. `device_replies`: answers wait for the device. `max_record`:
  // bytes of the store's largest record.
  ShardHost(Common& common, std::string store, storage::Shard& shard, bool device_replies,
            size_t max_record);
  ~ShardHost();

  // --- any loop ---

  const storage::Shard& shard() const { return shard_; }
  int owner() const { return owner_; }
  const std::string& store() const { return store_; }
  bool immediate() const { return replicator_->immediate(); }
  bool ReadableNow(const Freshness& freshness) const {
    return replicator_->ReadableNow(freshness.consistency, freshness.min_version);
  }
  // True if an answer that shows `seen` must wait for the device.
  bool MustWait(uint64_t seen) const { return device_replies_ && seen > shard_.persisted(); }
  // OK unless the shard's bytes are damaged: DATA_LOSS then.
  const absl::Status& health() const { return health_; }
  // The client as this shard knows it: `id` of one caller is not that of another.
  ClientId ClientOf(std::string_view caller, std::string_view id) const;
  // Takes a place in the inbox; UNAVAILABLE with a retry hint if there is none.
  absl::Status Charge(size_t bytes);
  void GiveBack(size_t bytes);

  // --- the owner ---

  // Takes up the state and founds the shard if it is new; then it serves.
  absl::Status Start();
  // Refuses commands from here on; ends those who wait.
  absl::Status Stop();

  enum class Step : uint8_t {
    kAnswered,  // status and result are set
    kHeldUp,    // try again after `delay`
    kAwaits,    // applied; the answer waits until `awaited` is durable
  };
  // Carries out a command in this call. Needs immediate().
  Step CarryOut(Write* write);

  // Goes on with a call, however long it takes, and sends it back to its origin.
  void Go(std::unique_ptr<WriteJourney> journey);
  void Go(std::unique_ptr<ReadJourney> journey);
  // A command that was held up goes on after its delay.
  void HoldUp(std::unique_ptr<WriteJourney> journey);
  // Sends the answer back, if need be once `seen` is durable.
  void ReturnDurable(std::unique_ptr<Journey> journey, uint64_t seen);
  void Return(std::unique_ptr<Journey> journey);

  // Proposes a command of the grid's own (no caller waits for it). False: refused, try later.
  bool ProposeOwn(const Command& command);

  ShardState& state() { return state_; }
  Lists& lists() { return lists_; }
  replication::Replicator& replicator() { return *replicator_; }
  env::Loop& loop() { return loop_; }
  LoopCounters& counters() { return counters_; }
  // Figures that this shard keeps itself. Any loop.
  uint64_t repeated() const { return repeated_.get(); }
  uint64_t sessions() const { return session_count_.get(); }

 private:
  // False: refused or held up, as `write` says.
  bool Admit(Write* write);
  absl::Status CheckQuota(const Command& command);
  void Applied(Write* write, const absl::Status& status, const replication::Answer& answer);
  void NoteDeadlines(const Command& command);
  absl::Status Found();

  // Keeps `journey` until Take of the number that this returns.
  uint64_t Keep(std::unique_ptr<Journey> journey);
  std::unique_ptr<Journey> Take(uint64_t number);

  // First, so that calls which die with the host can still give back their places.
  alignas(64) std::atomic<uint32_t> queued_{0};
  std::atomic<uint64_t> queued_bytes_{0};

  alignas(64) Common& common_;
  const std::string store_;
  storage::Shard& shard_;
  env::Loop& loop_;
  const int owner_;
  const bool device_replies_;
  ShardState state_;
  ShardMachine machine_;
  const BoundContext bounds_;
  LoopCounters& counters_;  // the owner's
  std::unique_ptr<replication::Replicator> replicator_;
  absl::Status health_;
  std::string head_;  // of a command that is carried out at once
  Expiry expiry_;
  Lists lists_;
  bool stopped_ = true;
  Counter repeated_, session_count_;
  std::unique_ptr<base::HashKey> client_key_;
  // Calls that wait for a timer or the device, by number.
  absl::flat_hash_map<uint64_t, std::unique_ptr<Journey>> waiting_;
  uint64_t last_waiting_ = 0;
};

}  // namespace memgrid::grid
