#include "grid/work.h"

#include "base/copy.h"
#include "grid/shard_host.h"

namespace memgrid::grid {

Journey::~Journey() { GiveBack(); }

void Journey::GiveBack() {
  if (charged_) host.GiveBack(*charged_);
  charged_.reset();
}

void Journey::Deliver(std::unique_ptr<Letter> self) {
  if (returning_) {
    Finish();  // and `self` ends
    return;
  }
  self.release();
  Run(std::unique_ptr<Journey>(this));
}

void WriteJourney::Run(std::unique_ptr<Journey> self) {
  self.release();
  host.Go(std::unique_ptr<WriteJourney>(this));
}

void WriteJourney::Prepare() {
  const CommandKind kind = write.command.kind;
  const bool is_key = kind == CommandKind::kPut || kind == CommandKind::kRemove ||
                      kind == CommandKind::kCompareAndSwap;
  const storage::Shard& shard = host.shard();
  shard.Prefetch(
      shard.Hash({write.command.ns, is_key ? storage::Space::kKeys : storage::Space::kRegions,
                  write.command.name}));
}

void ReadJourney::Run(std::unique_ptr<Journey> self) {
  self.release();
  host.Go(std::unique_ptr<ReadJourney>(this));
}

void Detach(base::Payload* payload) {
  if (payload->keeper == nullptr || payload->size == 0) return;
  auto copy = std::make_unique_for_overwrite<char[]>(payload->size);
  char* to = copy.get();
  for (const std::string_view slice : payload->slices) {
    base::CopyBytes(to, slice);
    to += slice.size();
  }
  payload->slices.clear();
  payload->slices.push_back({copy.get(), payload->size});
  payload->owned = std::move(copy);
  payload->keeper = nullptr;
}

}  // namespace memgrid::grid
