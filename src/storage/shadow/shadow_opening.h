// Opens a store with shadow files: creates it, or brings back what its files hold.
//
// The steps, each begun when the one before is over: files and headers; memory and shards; all wblocks read, scanned by
// the loops that own them; shards rebuilt, all loops at once; the new boot and the cuts made durable in all headers, before
// anything else is written; first wblocks made ready. Until the headers are written nothing has been changed.
//
// Threads: loop 0, unless said otherwise.

#pragma once

#include <memory>
#include <vector>

#include "storage/recovery/shard_loader.h"
#include "storage/recovery/stripe_reader.h"
#include "storage/shadow/header_keeper.h"
#include "storage/shadow/stripe_files.h"
#include "storage/store_impl.h"

namespace memgrid::storage {

class ShadowOpening {
 public:
  // Deletes itself after `done`.
  static void Start(const StoreOptions& options, env::LoopGroup& loops, Store::Progress progress, Store::Opened done);

 private:
  ShadowOpening(const StoreOptions& options, env::LoopGroup& loops, Store::Progress progress, Store::Opened done);

  absl::Status Prepare();
  absl::StatusOr<Geometry> ExistingGeometry() const;
  absl::Status MakeStore(const Geometry& geometry);
  absl::Status MakeNewHeaders(const Geometry& geometry);
  absl::Status Grow(const Geometry& geometry);
  absl::Status NameNewFiles(const Geometry& geometry);

  void Read();
  void OnWblock(uint32_t wblock);
  void OnScanned();
  void ReportProgress();
  void LoadShards();
  void OnLoaded();
  void WriteHeaders();
  void FillPool();
  void Finish(absl::Status status);

  const StoreOptions options_;
  env::LoopGroup& loops_;
  Store::Progress progress_;
  Store::Opened done_;
  env::Nanos started_{0};
  bool fresh_ = false;
  std::vector<StripeFile> files_;
  std::vector<StripeHeader> headers_;
  std::vector<int> first_copy_;
  uint32_t crashed_ = 0;  // boot epoch that the headers name
  std::unique_ptr<StoreImpl> store_;
  std::unique_ptr<StripeReader> reader_;
  std::vector<std::unique_ptr<ShardLoader>> loaders_;
  std::vector<LoadReport> reports_;
  std::vector<bool> used_;        // wblocks that belong to a shard
  uint64_t scanning_ = 0;         // handed to loops, not answered
  bool all_read_ = false;
  bool reading_ = false;
  absl::Status failure_;
  env::Loop::TimerId progress_timer_ = 0;
};

}  // namespace memgrid::storage
