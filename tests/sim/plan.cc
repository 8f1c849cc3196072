#include "plan.h"

#include <algorithm>
#include <utility>

#include "base/strings.h"
#include "dice.h"
#include "storage/geometry.h"

namespace memgrid::sim {
namespace {

const char* NameOf(Trouble trouble) {
  switch (trouble) {
    case Trouble::kNone:
      return "none";
    case Trouble::kFullDisk:
      return "full-disk";
    case Trouble::kBadStripe:
      return "bad-stripe";
    case Trouble::kRot:
      return "rot";
  }
  return "?";
}

// Tiny wblocks and few of them, so that every one is reused many times.
void ChooseStore(Dice& dice, Plan& plan) {
  storage::StoreOptions& options = plan.options;
  plan.loops = static_cast<int>(dice.Between(1, 3));
  options.shards = static_cast<int>(dice.Between(1, 3));
  const uint64_t stripes = dice.Between(1, 3);
  options.wblock_shift = dice.Percent(30) ? 14 : 16;
  plan.regions = options.wblock_shift == 16;
  // At least 16 wblocks a shard, and the reserve of each loop.
  const uint64_t wblocks = dice.Between(16, 48) * static_cast<uint64_t>(options.shards) +
                           6 * static_cast<uint64_t>(plan.loops);
  if (dice.Percent(5)) {
    options.data_size = wblocks << options.wblock_shift;
    return;
  }
  for (uint64_t i = 0; i < stripes; ++i) {
    options.files.push_back(base::StrCat("/data/stripe", i, ".dat"));
  }
  options.filesize = std::max<uint64_t>(wblocks / stripes + 1, 24) << options.wblock_shift;
}

void ChooseSettings(Dice& dice, Plan& plan) {
  storage::StoreOptions& options = plan.options;
  options.commit_to_device = dice.Percent(50);
  options.flush_max_ms = static_cast<int64_t>(dice.Between(2, 1000));
  options.max_write_cache = dice.Between(4, 64) << options.wblock_shift;
  options.defrag_lwm_pct = static_cast<int>(dice.Between(30, 90));
  options.defrag_sleep_us = static_cast<int64_t>(dice.Logarithmic(5000));
  plan.slowest_write = std::chrono::microseconds(dice.Between(100, 20'000));
  plan.torn_garbage_pct = dice.Between(0, 30);
  options.disable_odsync = plan.canary == Canary::kLyingDisk;
}

}  // namespace

uint64_t Plan::max_record() const {
  storage::Geometry geometry;
  geometry.wblock_shift = options.wblock_shift;
  return geometry.max_record();
}

std::string Plan::Describe() const {
  return base::StrCat("trouble ", NameOf(trouble), ", loops ", loops, ", shards ", options.shards,
                      ", stripes ", options.files.size(), " of ",
                      (options.filesize + options.data_size) >> options.wblock_shift, " wblocks of ",
                      wblock_bytes() >> 10, " KiB, flush-max-ms ", options.flush_max_ms,
                      ", lives ", lives, ", commands ", commands, ", names ", names);
}

bool ParseTrouble(std::string_view name, Trouble* trouble) {
  for (const Trouble each :
       {Trouble::kNone, Trouble::kFullDisk, Trouble::kBadStripe, Trouble::kRot}) {
    if (name == NameOf(each)) return *trouble = each, true;
  }
  return false;
}

bool ParseCanary(std::string_view name, Canary* canary) {
  if (name == "forgotten-write") return *canary = Canary::kForgottenWrite, true;
  if (name == "lying-disk") return *canary = Canary::kLyingDisk, true;
  return false;
}

bool ParseRule(std::string_view name, storage::Weakened* weakened) {
  const std::pair<std::string_view, bool storage::Weakened::*> rules[] = {
      {"deaths", &storage::Weakened::reuse_ignores_deaths},
      {"recorded", &storage::Weakened::reuse_by_persisted},
      {"copies", &storage::Weakened::reuse_ignores_copies},
      {"witness", &storage::Weakened::reuse_ignores_witness},
      {"own-seqs", &storage::Weakened::reuse_ignores_own_seqs},
      {"former-lives", &storage::Weakened::former_lives_forgotten},
      {"empty-wblocks", &storage::Weakened::empty_counts_as_gone},
      {"tombstones", &storage::Weakened::tombstones_always_dropped},
      {"own-wblock", &storage::Weakened::own_wblock_exempt},
      {"dead-copies", &storage::Weakened::copies_leave_no_dead},
      {"clean-recorded", &storage::Weakened::clean_unrecorded},
  };
  for (const auto& [rule, member] : rules) {
    if (name == rule) return weakened->*member = true;
  }
  return false;
}

Plan MakePlan(uint64_t seed, double length, Canary canary, std::optional<Trouble> trouble) {
  Dice dice(seed);
  Plan plan;
  plan.seed = seed;
  plan.canary = canary;
  if (dice.Percent(40)) plan.trouble = static_cast<Trouble>(dice.Between(1, 3));
  plan.trouble = trouble.value_or(plan.trouble);
  ChooseStore(dice, plan);
  ChooseSettings(dice, plan);
  const uint64_t store_bytes =
      plan.options.data_size + plan.options.filesize * plan.options.files.size();
  const uint64_t shard_bytes = store_bytes / static_cast<uint64_t>(plan.options.shards);
  plan.most_bytes = shard_bytes * dice.Between(5, 50) / 100;
  plan.largest_value = std::min<uint64_t>(shard_bytes / 20, 16u << 20);
  plan.names = dice.Between(3, 200);
  plan.lives = plan.options.has_shadow() ? static_cast<int>(dice.Between(3, 40)) : 1;
  if (plan.trouble == Trouble::kRot) plan.lives = std::min(plan.lives, 4);
  const auto commands = static_cast<uint64_t>(length * 20'000);
  plan.commands = std::max<uint64_t>(commands / static_cast<uint64_t>(plan.lives), 20);
  return plan;
}

}  // namespace memgrid::sim
