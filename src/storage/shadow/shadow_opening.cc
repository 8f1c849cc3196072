#include "storage/shadow/shadow_opening.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "base/crc32c.h"
#include "base/reserved_memory.h"
#include "base/status.h"
#include "base/units.h"
#include "env/random.h"
#include "storage/on_loops.h"

namespace memgrid::storage {

void ShadowOpening::Start(const StoreOptions& options, env::LoopGroup& loops, Store::Progress progress, Store::Opened done) {
  auto* opening = new ShadowOpening(options, loops, std::move(progress), std::move(done));
  if (absl::Status status = opening->Prepare(); !status.ok()) return opening->Finish(std::move(status));
  opening->store_->Start([opening] { opening->Read(); });
}

ShadowOpening::ShadowOpening(const StoreOptions& options, env::LoopGroup& loops, Store::Progress progress, Store::Opened done)
    : options_(options), loops_(loops), progress_(std::move(progress)), done_(std::move(done)),
      started_(loops.loop(0).clock().Monotonic()) {}

absl::Status ShadowOpening::Prepare() {
  if (!options_.devices.empty()) return base::Unimplemented("devices: use files on a file system instead");
  auto files = OpenStripeFiles(options_, loops_.loop(0).disk());
  if (!files.ok()) return files.status();
  files_ = *std::move(files);
  fresh_ = files_[0].blank;
  uint32_t io_unit = 4096;
  for (const StripeFile& stripe : files_) io_unit = std::max(io_unit, stripe.file->io_unit());
  auto geometry = fresh_ ? PlanGeometry(options_, loops_.size(), io_unit) : ExistingGeometry();
  if (!geometry.ok()) return geometry.status();
  return MakeStore(*geometry);
}

// What a store is divided into stays as it was created; files may grow.
absl::StatusOr<Geometry> ShadowOpening::ExistingGeometry() const {
  const StripeHeader& set = NewestHeader(files_);
  Geometry geometry;
  geometry.shadow = true;
  geometry.stripes = set.stripes;
  geometry.wblock_shift = set.wblock_shift;
  geometry.io_unit = 1u << set.io_shift;
  geometry.shards = set.shards;
  const uint64_t wanted = options_.filesize >> set.wblock_shift;
  if (wanted < set.wblocks) {
    return base::InvalidArgument("filesize = ", base::ExactBytes(options_.filesize), ": ", files_[0].path, " was made with ",
                                 base::ExactBytes(set.wblocks << set.wblock_shift), " and cannot shrink");
  }
  geometry.stripe_wblocks = static_cast<uint32_t>(std::min<uint64_t>(wanted, kMaxStripeWblocks));
  if (options_.shards != 0 && options_.shards != set.shards) {
    return base::InvalidArgument("shards = ", options_.shards, ": ", files_[0].path, " was made with ", set.shards,
                                 ", which cannot change");
  }
  return geometry;
}

absl::Status ShadowOpening::MakeStore(const Geometry& geometry) {
  auto wblocks = Wblocks::Create(geometry);
  if (!wblocks.ok()) return wblocks.status();
  store_ = std::make_unique<StoreImpl>(options_, *std::move(wblocks), loops_);
  Shared& shared = store_->shared();
  if (fresh_) {
    MEMGRID_RETURN_IF_ERROR(MakeNewHeaders(geometry));
  } else {
    for (const StripeFile& stripe : files_) {
      headers_.push_back(stripe.header);
      first_copy_.push_back(stripe.other_copy);
    }
    crashed_ = NewestHeader(files_).boot_epoch;
    for (StripeHeader& header : headers_) {
      header.table = NewestHeader(files_).table;
      header.boot_epoch = crashed_;
    }
  }
  MEMGRID_RETURN_IF_ERROR(Grow(geometry));
  if (fresh_) MEMGRID_RETURN_IF_ERROR(NameNewFiles(geometry));
  shared.uuid = headers_[0].uuid;
  shared.set = base::Crc32c(0, {shared.uuid.data(), shared.uuid.size()});
  shared.seed = headers_[0].seed;
  shared.next_incarnation = (uint64_t{crashed_} + 1) << 32 | 1;
  for (size_t i = 0; i < files_.size(); ++i) {
    shared.stripes[i].path = files_[i].path;
    shared.stripes[i].file = std::move(files_[i].file);
  }
  reports_.resize(static_cast<size_t>(geometry.shards));
  used_.resize(shared.wblocks->count());
  return absl::OkStatus();
}

absl::Status ShadowOpening::MakeNewHeaders(const Geometry& geometry) {
  env::Loop& loop = loops_.loop(0);
  StripeHeader header;
  loop.random().Fill(std::span<char>(header.uuid.data(), header.uuid.size()));
  header.seed = {loop.random().Next(), loop.random().Next()};
  header.created_ms = static_cast<uint64_t>(loop.clock().WallMillis());
  header.stripes = static_cast<uint16_t>(geometry.stripes);
  header.wblock_shift = static_cast<uint8_t>(geometry.wblock_shift);
  header.io_shift = static_cast<uint8_t>(std::countr_zero(geometry.io_unit));
  header.shards = static_cast<uint16_t>(geometry.shards);
  header.wblocks = geometry.stripe_wblocks;
  header.generation = 1;
  header.table.resize(static_cast<size_t>(geometry.shards));
  for (size_t i = 0; i < files_.size(); ++i) {
    header.stripe = static_cast<uint16_t>(i);
    headers_.push_back(header);
    first_copy_.push_back(0);
  }
  return absl::OkStatus();
}

// Makes files as long as they are to be; sparse, so this takes no space.
absl::Status ShadowOpening::Grow(const Geometry& geometry) {
  const uint64_t bytes = uint64_t{geometry.stripe_wblocks} << geometry.wblock_shift;
  for (size_t i = 0; i < files_.size(); ++i) {
    headers_[i].wblocks = geometry.stripe_wblocks;
    if (files_[i].size >= bytes) continue;
    MEMGRID_RETURN_IF_ERROR(base::Annotate(files_[i].file->ResizeNow(bytes), base::StrCat(files_[i].path, ": ")));
  }
  return absl::OkStatus();
}

// From now on they are a store, an empty one.
absl::Status ShadowOpening::NameNewFiles(const Geometry& geometry) {
  const size_t bytes = geometry.header_copy_bytes();
  auto buffer = base::ReservedMemory::Reserve(bytes);
  if (!buffer.ok()) return buffer.status();
  for (size_t i = 0; i < files_.size(); ++i) {
    WriteStripeHeader(headers_[i], buffer->data(), bytes);
    for (const uint64_t offset : {uint64_t{0}, geometry.wblock_bytes() / 2}) {
      const absl::Status written = files_[i].file->WriteNow(offset, std::span<const char>(buffer->data(), bytes));
      MEMGRID_RETURN_IF_ERROR(base::Annotate(written, base::StrCat(files_[i].path, ": ")));
    }
    if (!files_[i].unnamed) continue;
    MEMGRID_RETURN_IF_ERROR(loops_.loop(0).disk().Rename(UnnamedPath(files_[i].path), files_[i].path));
  }
  return absl::OkStatus();
}

void ShadowOpening::Read() {
  if (fresh_) return WriteHeaders();
  for (int i = 0; i < store_->shards(); ++i) {
    loaders_.push_back(std::make_unique<ShardLoader>(store_->shard_impl(i), headers_[0].table[static_cast<size_t>(i)], crashed_));
  }
  std::vector<uint32_t> highest;
  for (const StripeHeader& header : headers_) highest.push_back(header.highest);
  const auto on_read = [this](absl::Status status) {
    if (failure_.ok()) failure_ = std::move(status);
    all_read_ = true;
    loops_.loop(0).Post([this] { OnScanned(); });
  };
  reader_ = std::make_unique<StripeReader>(store_->shared(), highest, [this](uint32_t wblock) { OnWblock(wblock); }, on_read);
  reading_ = true;
  ++scanning_;  // answered by on_read
  ReportProgress();
  reader_->Start();
}

void ShadowOpening::ReportProgress() {
  if (!progress_ || !reading_) return;
  progress_(reader_->bytes_done(), reader_->bytes_all());
  progress_timer_ = loops_.loop(0).RunAfter(std::chrono::seconds(1), [this] { ReportProgress(); });
}

// Its mark says whose it is; the owner scans it.
void ShadowOpening::OnWblock(uint32_t wblock) {
  Shared& shared = store_->shared();
  Wblocks& wblocks = *shared.wblocks;
  const MarkPlace place{shared.set, wblocks.stripe(wblock), wblocks.in_stripe(wblock), 0};
  const std::optional<Mark> mark = FindIdentity(wblocks.memory(wblock), static_cast<uint32_t>(wblocks.geometry().wblock_bytes()),
                                               place, wblocks.geometry().io_unit);
  if (!mark || mark->shard >= store_->shards() || mark->shard_epoch != headers_[0].table[mark->shard].epoch) {
    wblocks.DiscardTail(wblock, 0);
    return;
  }
  if (mark->boot_epoch() > crashed_) {
    failure_ = base::DataLoss(shared.stripes[place.stripe].path, ": corrupt: wblock ", place.wblock,
                              " is of a later start than its header knows of");
    return;
  }
  used_[wblock] = true;
  ++scanning_;
  ShardImpl& shard = store_->shard_impl(mark->shard);
  shard.owner().Post([this, wblock, place, &shard] {
    const Geometry& geometry = store_->shared().geometry;
    const char* memory = store_->shared().wblocks->memory(wblock);
    WblockScan scan = ScanWblock(memory, static_cast<uint32_t>(geometry.wblock_bytes()), place, geometry.io_unit);
    loaders_[static_cast<size_t>(shard.number())]->Add(wblock, std::move(scan));
    loops_.loop(0).Post([this] { OnScanned(); });
  });
}

void ShadowOpening::OnScanned() {
  if (--scanning_ > 0 || !all_read_) return;
  reading_ = false;
  loops_.loop(0).Cancel(progress_timer_);
  if (progress_) progress_(reader_->bytes_done(), reader_->bytes_all());
  if (!failure_.ok()) return Finish(failure_);
  LoadShards();
}

void ShadowOpening::LoadShards() {
  const auto work = [this](int loop) {
    for (int i = loop; i < store_->shards(); i += loops_.size()) {
      reports_[static_cast<size_t>(i)] = loaders_[static_cast<size_t>(i)]->Load();
    }
  };
  OnAllLoops(loops_, work, [this] { OnLoaded(); });
}

void ShadowOpening::OnLoaded() {
  RecoveryReport& report = store_->recovery_report();
  report.bytes_read = reader_->bytes_done();
  for (LoadReport& shard : reports_) {
    report.records += shard.records;
    report.torn_bytes += shard.torn_bytes;
    report.void_records += shard.void_records;
    report.lost_keys += shard.lost_keys;
    report.applied.push_back(shard.applied);
    report.warnings.insert(report.warnings.end(), shard.warnings.begin(), shard.warnings.end());
    if (shard.too_many_cuts) {
      return Finish(base::FailedPrecondition(store_->shared().stripes[0].path, ": corrupt: more than ", kMaxCuts, " crashes in a row left records behind"));
    }
  }
  WriteHeaders();
}

// The new boot and the cuts, before anything else is written: otherwise what was cut would come back at the next crash once
// its numbers are used again.
void ShadowOpening::WriteHeaders() {
  Shared& shared = store_->shared();
  store_->recovery_report().created = fresh_;
  if (fresh_) store_->recovery_report().applied.assign(reports_.size(), 0);
  auto keeper = HeaderKeeper::Create(shared, headers_, first_copy_);
  if (!keeper.ok()) return Finish(keeper.status());
  store_->SetHeaders(*std::move(keeper));
  const auto begin_boot = [this](StripeHeader& header) {
    header.flags = StripeHeader::kHasTable;
    header.boot_epoch = crashed_ + 1;
    for (size_t i = 0; i < reports_.size() && !fresh_; ++i) header.table[i].cuts = reports_[i].cuts;
  };
  store_->headers().Update(begin_boot, [this](absl::Status status) {
    if (!status.ok()) return Finish(base::Annotate(status, base::StrCat(store_->shared().stripes[0].path, ": ")));
    FillPool();
  });
}

void ShadowOpening::FillPool() {
  Shared& shared = store_->shared();
  for (uint32_t i = 0; i < shared.wblocks->count(); ++i) {
    if (shared.wblocks->holds_records(i) && !used_[i]) shared.pool.Add(i, /*ready=*/false);
  }
  shared.serving.store(true, std::memory_order_release);
  store_->reserver().Run([this] { Finish(absl::OkStatus()); });
}

void ShadowOpening::Finish(absl::Status status) {
  std::unique_ptr<ShadowOpening> self(this);
  if (store_ != nullptr) {
    const env::Nanos took = loops_.loop(0).clock().Monotonic() - started_;
    store_->recovery_report().seconds = std::chrono::duration<double>(took).count();
  }
  if (status.ok()) return done_(std::move(store_));
  if (store_ == nullptr) return done_(std::move(status));
  // The loops must let go of the store before it goes.
  StoreImpl& store = *store_;
  store.Abandon([self = std::move(self), status = std::move(status)]() mutable {
    self->store_.reset();
    self->done_(std::move(status));
  });
}

}  // namespace memgrid::storage
