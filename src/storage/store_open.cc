// Opening a store.

#include <utility>

#include "env/random.h"
#include "storage/geometry.h"
#include "storage/shadow/shadow_opening.h"
#include "storage/store_impl.h"

namespace memgrid::storage {
namespace {

void OpenInMemory(const StoreOptions& options, env::LoopGroup& loops, Store::Opened done) {
  auto geometry = PlanGeometry(options, loops.size(), 4096);
  if (!geometry.ok()) return done(geometry.status());
  auto wblocks = Wblocks::Create(*geometry);
  if (!wblocks.ok()) return done(wblocks.status());
  auto store = std::make_unique<StoreImpl>(options, *std::move(wblocks), loops);
  Shared& shared = store->shared();
  shared.seed = {loops.loop(0).random().Next(), loops.loop(0).random().Next()};
  for (uint32_t i = shared.wblocks->count() - 1; i > 0; --i) shared.pool.Add(i, /*ready=*/true);
  store->recovery_report().created = true;
  store->recovery_report().applied.assign(static_cast<size_t>(geometry->shards), 0);
  shared.serving = true;
  StoreImpl* started = store.get();
  started->Start([store = std::move(store), done = std::move(done)]() mutable { done(std::move(store)); });
}

}  // namespace

void Store::Open(const StoreOptions& options, env::LoopGroup& loops, Progress progress, Opened done) {
  if (options.has_shadow()) return ShadowOpening::Start(options, loops, std::move(progress), std::move(done));
  OpenInMemory(options, loops, std::move(done));
}

}  // namespace memgrid::storage
