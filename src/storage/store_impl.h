// The store's parts. What callers may expect: storage/store.h.

#pragma once

#include <memory>
#include <vector>

#include "env/loop.h"
#include "storage/keeper.h"
#include "storage/loop_part.h"
#include "storage/shadow/header_keeper.h"
#include "storage/shadow/reserver.h"
#include "storage/shared.h"
#include "storage/store.h"

namespace memgrid::storage {

class StoreImpl : public Store {
 public:
  StoreImpl(const StoreOptions& options, std::unique_ptr<Wblocks> wblocks, env::LoopGroup& loops);

  const StoreOptions& options() const override { return options_; }
  int shards() const override { return shared_.geometry.shards; }
  Shard& shard(int number) override { return shard_impl(number); }
  const RecoveryReport& recovery() const override { return recovery_; }
  StoreStats stats() const override;
  void Adjust(const StoreOptions& options) override;
  void Close(absl::AnyInvocable<void(absl::Status)> done) override;

  ShardImpl& shard_impl(int number) { return *shard_table_[static_cast<size_t>(number)]; }
  Shared& shared() { return shared_; }
  env::LoopGroup& loops() { return loops_; }
  RecoveryReport& recovery_report() { return recovery_; }

  // With shadow; on loop 0.
  void SetHeaders(std::unique_ptr<HeaderKeeper> headers);
  HeaderKeeper& headers() { return *headers_; }
  Reserver& reserver() { return *reserver_; }

  // Creates the shards, each on its owner's loop, and joins the loops' turns. Call and `done` on loop 0.
  void Start(absl::AnyInvocable<void()> done);
  // Leaves the loops without writing anything; then the store may be destroyed. Call and `done` on loop 0.
  void Abandon(absl::AnyInvocable<void()> done) { LeaveLoops(std::move(done)); }

 private:
  StripeStats StatsOf(uint32_t stripe) const;
  void LeaveLoops(absl::AnyInvocable<void()> done);
  void DrainShards(absl::AnyInvocable<void(absl::Status)> done);
  void WriteCleanFlag(absl::Status drained);
  void StopReserver(absl::AnyInvocable<void()> done);

  StoreOptions options_;
  env::LoopGroup& loops_;
  Shared shared_;
  WblockKeeper keeper_;
  std::vector<std::unique_ptr<LoopPart>> parts_;
  std::vector<ShardImpl*> shard_table_;
  std::unique_ptr<HeaderKeeper> headers_;
  std::unique_ptr<Reserver> reserver_;
  absl::AnyInvocable<void(absl::Status)> closed_;
  RecoveryReport recovery_;
};

}  // namespace memgrid::storage
