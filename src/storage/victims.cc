#include "storage/victims.h"

#include <algorithm>

namespace memgrid::storage {
namespace {

// Moving costs space too: the end of a survivor wblock into which no record fits is lost, at most an eighth.
constexpr double kGains = 1 - 0.125;

// Bytes that would still be needed after cleaning.
double BytesToMove(const Wblock& wblock, uint64_t lowest_floor) {
  const uint32_t live = wblock.live.load(std::memory_order_relaxed);
  // An expired record shrinks to its name.
  uint32_t away = wblock.expired;
  if (wblock.max_seq <= lowest_floor) away += wblock.tombstones;
  return live - std::min(live, away);
}

double Score(const Wblock& wblock, double use, uint64_t now) {
  const uint64_t mean = wblock.deaths == 0 ? wblock.max_seq : wblock.death_seq_sum / wblock.deaths;
  const double age = static_cast<double>(now - std::min(now, mean)) + 1;
  return (1 - use) * age / (1 + use);
}

}  // namespace

std::vector<Victim> ChooseVictims(const Shared& shared, const ShardState& state, const std::vector<uint32_t>& owned,
                                  const VictimWish& wish, size_t limit) {
  const Wblocks& wblocks = *shared.wblocks;
  const uint64_t recorded = state.recorded.load(std::memory_order_relaxed);
  const uint64_t now = state.applied.load(std::memory_order_relaxed);
  const auto bytes = static_cast<double>(shared.geometry.wblock_bytes());
  // At leisure only what gains for sure: else a survivor wblock that could not be filled further would be the next victim.
  const double sure = static_cast<double>(shared.geometry.sure_bytes()) / bytes;
  const double below = wish.urgent ? kGains : std::min(sure, wish.lwm_pct / 100.0);
  std::vector<Victim> found;
  for (const uint32_t number : owned) {
    const Wblock& wblock = wblocks[number];
    if (wblock.rotten || wblock.left_at == wblock.deaths) continue;
    if (!MayClean(wblock, recorded, shared.geometry.shadow, shared.weakened)) continue;
    const double use = BytesToMove(wblock, wish.lowest_floor) / bytes;
    const bool holds = wish.tombstones && (wblock.tombstones > 0 || wblock.dead.min_seq <= wish.lowest_floor);
    const bool first = holds || wblock.has_void;
    if (use >= below && !first) continue;
    // What holds tombstones up, and what a cut must remember, goes before all else, oldest first.
    const double score = first ? 1e30 / (1 + static_cast<double>(wblock.dead.min_seq)) : Score(wblock, use, now);
    found.push_back({number, wblock.incarnation, score});
  }
  if (!wish.urgent && !wish.tombstones && found.size() <= wish.queue_min) return {};
  const size_t keep = std::min(limit, found.size());
  std::partial_sort(found.begin(), found.begin() + static_cast<ptrdiff_t>(keep), found.end(),
                    [](const Victim& a, const Victim& b) { return a.score > b.score; });
  found.resize(keep);
  return found;
}

}  // namespace memgrid::storage
