// What one loop does for a store: its shards, its wblocks in advance, the end of its turns.

#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "env/loop.h"
#include "storage/keeper.h"
#include "storage/loop_space.h"
#include "storage/shadow/reserver.h"
#include "storage/shard_impl.h"

namespace memgrid::storage {

// Threads: its loop, but for Nudge.
class LoopPart {
 public:
  // All outlive it.
  LoopPart(Shared& shared, WblockKeeper& keeper, env::Loop& loop);
  // The loop has been left (Leave) or does not run any more.
  ~LoopPart();

  // Takes part in the loop's turns from now on. On the loop, like all below.
  void Join(std::vector<LoopPart*> all);
  // And no more: the loop then holds no pointer into the store.
  void Leave();

  // Loop 0 of a store with shadow: looks after ready wblocks at the end of its turns.
  void SetReserver(Reserver* reserver) { reserver_ = reserver; }

  ShardImpl& AddShard(int number);
  const std::vector<std::unique_ptr<ShardImpl>>& shards() const { return shards_; }
  env::Loop& loop() { return loop_; }

  // Any thread: makes the loop end a turn soon, so that what was unlinked can be freed though it has nothing to do.
  void Nudge();

 private:
  // Outlives the part if the loop does: what the loop's hook and tasks reach the part through.
  struct Door {
    LoopPart* part;
  };

  void TurnEnd();
  void LookAfterPool(bool busy);
  void Arm(env::Nanos now, env::Nanos at);

  Shared& shared_;
  WblockKeeper& keeper_;
  env::Loop& loop_;
  LoopSpace space_;
  std::vector<std::unique_ptr<ShardImpl>> shards_;
  std::vector<LoopPart*> others_;
  LoopPart* first_ = nullptr;  // of loop 0
  Reserver* reserver_ = nullptr;
  Door* door_ = nullptr;
  env::Loop::TimerId timer_ = 0;
  env::Nanos armed_{env::Nanos::max()};
  env::Nanos next_nudge_{0};
  std::atomic<bool> nudged_{false};
};

}  // namespace memgrid::storage
