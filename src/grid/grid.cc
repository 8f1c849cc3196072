#include "grid/grid.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/check.h"
#include "base/status.h"
#include "env/random.h"
#include "grid/carry.h"
#include "grid/parts.h"
#include "grid/validation.h"

namespace memgrid::grid {
namespace {

constexpr size_t kMostNamesBytes = 16u << 20;  // of ListNamespaces

std::array<char, 16> Seed(env::LoopGroup& loops) {
  std::array<char, 16> seed;
  loops.loop(0).random().Fill(seed);
  return seed;
}

// Runs a step for every shard on its owner's loop and tells loop 0 when all are done. Lives until
// then.
class EveryShard {
 public:
  using Step = absl::Status (ShardHost::*)();
  using Then = absl::AnyInvocable<void(absl::Status)>;

  static void Run(Grid::Parts& parts, Step step, Then then);

 private:
  EveryShard(env::Loop& home, size_t left, Then then)
      : home_(home), left_(left), then_(std::move(then)) {}
  void One(ShardHost& host, Step step) {
    home_.Post([this, status = (host.*step)()] { Ended(status); });
  }
  void Ended(const absl::Status& status) {
    if (status_.ok()) status_ = status;
    if (--left_ > 0) return;
    then_(status_);
    delete this;
  }

  env::Loop& home_;
  size_t left_;
  Then then_;
  absl::Status status_;
};

}  // namespace

ShardHost& StoreAtWork::Place(std::string_view ns) const {
  const uint64_t hash = shards[0]->shard().Hash({0, storage::Space::kGrid, ns});
  return *shards[hash % shards.size()];
}

std::string_view StoreAtWork::durability() const {
  if (!store->options().has_shadow()) return "memory";
  return store->options().commit_to_device ? "device" : "shadow";
}

Grid::Parts::Parts(GridOptions asked, env::LoopGroup& group)
    : options(std::move(asked)),
      loops(group),
      namespaces(Seed(group)),
      common{.loops = group, .namespaces = namespaces} {
  common.counters = std::make_unique<LoopCounters[]>(static_cast<size_t>(loops.size()));
  for (int i = 0; i < loops.size(); ++i) {
    common.outboxes.push_back(std::make_unique<Outbox>(loops, loops.loop(i)));
    verifiers.push_back(std::make_unique<Verifier>(keys));
  }
  for (const NamespaceSetting& setting : options.namespaces) {
    common.limits[setting.name] = {.default_ttl_ms = setting.default_ttl_ms,
                                   .quota_bytes = setting.quota_bytes};
  }
}

absl::Status Grid::Parts::Serving() const {
  switch (state.load(std::memory_order_acquire)) {
    case State::kServing:
      return absl::OkStatus();
    case State::kStarting:
      return base::WithRetryAfter(base::Unavailable("the server is starting"), 100);
    case State::kStopping:
      break;
  }
  return base::Unavailable("the server is stopping");
}

StoreAtWork* Grid::Parts::StoreOf(std::string_view name) {
  for (StoreAtWork& at : stores) {
    if (at.store->options().name == name) return &at;
  }
  return nullptr;
}

StoreAtWork* Grid::Parts::StoreForNamespace(std::string_view ns) {
  for (const NamespaceSetting& setting : options.namespaces) {
    if (setting.name == ns) return StoreOf(setting.store);
  }
  return StoreOf("default");
}

absl::StatusOr<std::unique_ptr<Grid>> Grid::Create(GridOptions options, env::LoopGroup& loops) {
  for (const NamespaceSetting& setting : options.namespaces) {
    MEMGRID_RETURN_IF_ERROR(CheckNamespace(setting.name));
    MEMGRID_RETURN_IF_ERROR(CheckTtl(setting.default_ttl_ms));
  }
  auto parts = std::make_unique<Parts>(std::move(options), loops);
  const AuthSetting& auth = parts->options.auth;
  if (auth.mode == AuthSetting::kJwt) {
    auto keys = ReadAuthKeys(loops.loop(0).disk(), auth.key_files, auth.audience);
    if (!keys.ok()) return keys.status();
    parts->keys = *std::move(keys);
  }
  return std::unique_ptr<Grid>(new Grid(std::move(parts)));
}

Grid::Grid(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Grid::~Grid() = default;

void EveryShard::Run(Grid::Parts& parts, Step step, Then then) {
  size_t count = 0;
  for (const StoreAtWork& at : parts.stores) count += at.shards.size();
  auto* const every = new EveryShard(parts.loops.loop(0), count, std::move(then));
  for (const StoreAtWork& at : parts.stores) {
    for (const auto& host : at.shards) {
      parts.loops.loop(host->owner()).Post([every, step, host = host.get()] {
        every->One(*host, step);
      });
    }
  }
}

void Grid::Start(std::vector<storage::Store*> stores, absl::AnyInvocable<void(absl::Status)> done) {
  for (storage::Store* store : stores) {
    StoreAtWork& at = parts_->stores.emplace_back(StoreAtWork{.store = store});
    const storage::StoreOptions& options = store->options();
    const size_t max_record = store->stats().wblock_bytes / 8;
    for (int i = 0; i < store->shards(); ++i) {
      at.shards.push_back(std::make_unique<ShardHost>(
          parts_->common, options.name, store->shard(i),
          options.has_shadow() && options.commit_to_device, max_record));
    }
  }
  if (parts_->StoreOf("default") == nullptr)
    return done(base::InvalidArgument("there is no store \"default\""));
  EveryShard::Run(*parts_, &ShardHost::Start,
                  [this, done = std::move(done)](absl::Status status) mutable {
                    if (status.ok()) status = parts_->CheckPlaces();
                    if (!status.ok()) return done(status);
                    parts_->CreateConfigured(0, std::move(done));
                  });
}

absl::Status Grid::Parts::CheckPlaces() {
  for (const NamespaceSetting& setting : options.namespaces) {
    if (StoreOf(setting.store) == nullptr) {
      return base::InvalidArgument("namespace.", setting.name, ".store: there is no store \"",
                                   setting.store, "\"");
    }
    const NamespaceEntry* const entry = namespaces.Find(setting.name);
    if (entry != nullptr && entry->host().store() != setting.store) {
      return base::InvalidArgument("namespace.", setting.name,
                                   ".store: the namespace lies in store \"", entry->host().store(),
                                   "\", not in \"", setting.store, "\"");
    }
  }
  return absl::OkStatus();
}

void Grid::Parts::CreateConfigured(size_t index, absl::AnyInvocable<void(absl::Status)> done) {
  while (index < options.namespaces.size() &&
         namespaces.Find(options.namespaces[index].name) != nullptr)
    ++index;
  if (index == options.namespaces.size()) {
    state.store(State::kServing, std::memory_order_release);
    return done(absl::OkStatus());
  }
  const std::string& name = options.namespaces[index].name;
  const bool open = options.auth.mode == AuthSetting::kOff;
  const Command command{.kind = CommandKind::kCreateNamespace,
                        .name = name,
                        .operand = open ? kLocalCaller : std::string_view()};
  Carry<CreateNamespace>(
      {}, StoreForNamespace(name)->Place(name), command, {.ns = name}, {},
      [this, index, done = std::move(done)](const absl::Status& status, const CreateNamespace&,
                                            WriteAnswer&) mutable {
        if (!status.ok()) return done(status);
        CreateConfigured(index + 1, std::move(done));
      });
}

void Grid::Stop(base::Task done) {
  parts_->state.store(Parts::State::kStopping, std::memory_order_release);
  if (parts_->stores.empty()) return done();
  EveryShard::Run(*parts_, &ShardHost::Stop,
                  [done = std::move(done)](absl::Status) mutable { done(); });
}

absl::StatusOr<std::string_view> Grid::Authenticate(int loop, std::string_view authorization) {
  if (parts_->options.auth.mode == AuthSetting::kOff) return kLocalCaller;
  const int64_t now_ms = parts_->loops.loop(loop).clock().WallMillis();
  auto subject = parts_->verifiers[static_cast<size_t>(loop)]->Verify(authorization, now_ms);
  if (!subject.ok()) parts_->common.counters[static_cast<size_t>(loop)].unauthenticated.Add();
  return subject;
}

absl::StatusOr<std::vector<std::string>> Grid::ListNamespaces(const Context& context,
                                                              std::string_view prefix) const {
  MEMGRID_RETURN_IF_ERROR(parts_->Serving());
  MEMGRID_RETURN_IF_ERROR(CheckPrefix(prefix));
  std::vector<std::string> names;
  size_t bytes = 0;
  parts_->namespaces.ForEach([&](const NamespaceEntry& entry) {
    if (bytes > kMostNamesBytes || !entry.name().starts_with(prefix)) return;
    if (!parts_->MayUse(context.caller, entry)) return;
    names.push_back(entry.name());
    bytes += entry.name().size() + 4;
  });
  if (bytes > kMostNamesBytes) {
    return base::ResourceExhausted("more than ", kMostNamesBytes,
                                   " bytes of names: a longer prefix gives fewer");
  }
  std::sort(names.begin(), names.end());
  return names;
}

namespace {

StoreReport ReportOf(const StoreAtWork& at) {
  const storage::StoreStats stats = at.store->stats();
  StoreReport report{.name = stats.name,
                     .durability = std::string(at.durability()),
                     .wblock_bytes = stats.wblock_bytes,
                     .capacity_bytes = stats.capacity_bytes,
                     .live_bytes = stats.live_bytes,
                     .index_bytes = stats.index_bytes,
                     .stop_writes = stats.stop_writes,
                     .stop_writes_reason = stats.stop_writes_reason};
  for (const storage::StripeStats& stripe : stats.stripes) {
    report.stripes.push_back({.path = stripe.path,
                              .wblocks = stripe.wblocks,
                              .free_wblocks = stripe.free_wblocks,
                              .open_wblocks = stripe.open_wblocks,
                              .sealed_wblocks = stripe.sealed_wblocks,
                              .quarantined_wblocks = stripe.quarantined_wblocks,
                              .read_only = stripe.read_only,
                              .read_only_reason = stripe.read_only_reason,
                              .occupancy = stripe.occupancy,
                              .unflushed_bytes = stripe.unflushed_bytes});
  }
  for (const storage::ShardStats& shard : stats.shards) {
    report.keys += shard.keys;
    report.regions += shard.regions;
    report.shards.push_back({.applied = shard.applied,
                             .persisted = shard.persisted,
                             .recorded = shard.recorded,
                             .clock_ms = shard.clock_ms,
                             .keys = shard.keys,
                             .tombstones = shard.tombstones,
                             .damaged = shard.damaged});
  }
  return report;
}

}  // namespace

absl::StatusOr<std::vector<StoreReport>> Grid::StoreStatus(const Context&,
                                                           std::string_view store) const {
  MEMGRID_RETURN_IF_ERROR(parts_->Serving());
  std::vector<StoreReport> reports;
  for (const StoreAtWork& at : parts_->stores) {
    if (store.empty() || at.store->options().name == store) reports.push_back(ReportOf(at));
  }
  if (reports.empty()) return base::NotFound("store \"", store, "\"");
  return reports;
}

Counters Grid::counters() const {
  Counters sums;
  for (int i = 0; i < parts_->loops.size(); ++i) {
    const LoopCounters& line = parts_->common.counters[static_cast<size_t>(i)];
#define MEMGRID_GRID_FIELD(name, kind, unit, help) sums.name += line.name.get();
    MEMGRID_GRID_COUNTERS(MEMGRID_GRID_FIELD)
#undef MEMGRID_GRID_FIELD
  }
  if (parts_->state.load(std::memory_order_acquire) == Parts::State::kStarting) return sums;
  for (const StoreAtWork& at : parts_->stores) {
    for (const auto& host : at.shards) {
      sums.repeated += host->repeated();
      sums.sessions += host->sessions();
    }
  }
  return sums;
}

}  // namespace memgrid::grid
