// memgrid store ...

#include <nlohmann/json.hpp>

#include "base/units.h"
#include "commands.h"
#include "output.h"

namespace memgrid::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kPictureColumns = 64;
constexpr size_t kPictureCells = kPictureColumns * 16;

// Codes of StripeReport.occupancy above 100.
constexpr uint8_t kQuarantined = 253, kOpen = 254, kFree = 255;

struct Arguments {
  std::string store;
};

// One character for a run of wblocks: what most of it is.
std::string Glyph(std::string_view run) {
  static constexpr const char* kLevels[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  size_t free = 0, quarantined = 0, sealed = 0, percent = 0;
  for (unsigned char cell : run) {
    if (cell == kOpen) return "o";
    free += cell == kFree;
    quarantined += cell == kQuarantined;
    if (cell <= 100) {
      ++sealed;
      percent += cell;
    }
  }
  if (sealed > 0) return kLevels[std::min<size_t>(7, percent / sealed * 8 / 100)];
  return quarantined > free ? "q" : "·";
}

std::string Picture(std::string_view occupancy) {
  const size_t per_cell =
      std::max<size_t>(1, (occupancy.size() + kPictureCells - 1) / kPictureCells);
  std::string out;
  size_t column = 0;
  for (size_t at = 0; at < occupancy.size(); at += per_cell) {
    if (column == 0) out += "    ";
    out += Glyph(occupancy.substr(at, per_cell));
    if (++column == kPictureColumns) {
      out += '\n';
      column = 0;
    }
  }
  if (column != 0) out += '\n';
  out += "    one character = " + std::to_string(per_cell) +
         (per_cell == 1 ? " wblock" : " wblocks") +
         "; · free, o open, q quarantined, ▁ to █ live data\n";
  return out;
}

Json StripeJson(const pb::StripeReport& stripe) {
  return {{"number", stripe.number()},
          {"path", stripe.path()},
          {"wblocks", stripe.wblocks()},
          {"free_wblocks", stripe.free_wblocks()},
          {"open_wblocks", stripe.open_wblocks()},
          {"sealed_wblocks", stripe.sealed_wblocks()},
          {"quarantined_wblocks", stripe.quarantined_wblocks()},
          {"read_only", stripe.read_only()},
          {"read_only_reason", stripe.read_only_reason()},
          {"unflushed_bytes", stripe.unflushed_bytes()}};
}

Json ShardJson(const pb::ShardReport& shard) {
  return {{"number", shard.number()},     {"state", shard.state()},
          {"applied", shard.applied()},   {"persisted", shard.persisted()},
          {"recorded", shard.recorded()}, {"clock_ms", shard.clock_ms()},
          {"keys", shard.keys()},         {"tombstones", shard.tombstones()}};
}

Json StoreJson(const pb::StoreReport& store) {
  Json object{{"name", store.name()},
              {"durability", store.durability()},
              {"wblock_bytes", store.wblock_bytes()},
              {"capacity_bytes", store.capacity_bytes()},
              {"live_bytes", store.live_bytes()},
              {"index_bytes", store.index_bytes()},
              {"keys", store.keys()},
              {"regions", store.regions()},
              {"stop_writes", store.stop_writes()},
              {"stop_writes_reason", store.stop_writes_reason()}};
  object["stripes"] = Json::array();
  for (const auto& stripe : store.stripes()) object["stripes"].push_back(StripeJson(stripe));
  object["shards"] = Json::array();
  for (const auto& shard : store.shards()) object["shards"].push_back(ShardJson(shard));
  return object;
}

std::string StoreText(const pb::StoreReport& store) {
  const uint64_t percent =
      store.capacity_bytes() == 0 ? 0 : store.live_bytes() * 100 / store.capacity_bytes();
  std::string out = "store " + store.name() + " (" + store.durability() + ")\n";
  out += "  live " + base::FormatBytes(store.live_bytes()) + " of " +
         base::FormatBytes(store.capacity_bytes()) + " (" + std::to_string(percent) +
         " %), index " + base::FormatBytes(store.index_bytes()) + ", " +
         std::to_string(store.keys()) + " keys, " + std::to_string(store.regions()) + " regions\n";
  if (store.stop_writes()) out += "  writes are stopped: " + store.stop_writes_reason() + "\n";
  for (const auto& stripe : store.stripes()) {
    out += "  stripe " + std::to_string(stripe.number()) + " " +
           (stripe.path().empty() ? "in memory only" : stripe.path()) + ": " +
           std::to_string(stripe.wblocks()) + " wblocks of " +
           base::FormatBytes(store.wblock_bytes()) + ", " + std::to_string(stripe.free_wblocks()) +
           " free, " + std::to_string(stripe.quarantined_wblocks()) + " quarantined\n";
    if (stripe.read_only()) out += "    read-only: " + stripe.read_only_reason() + "\n";
    out += Picture(stripe.occupancy());
  }
  Table table({"SHARD", "STATE", "APPLIED", "PERSISTED", "RECORDED", "KEYS", "TOMBSTONES"});
  for (const auto& shard : store.shards()) {
    table.Add({std::to_string(shard.number()), shard.state(), std::to_string(shard.applied()),
               std::to_string(shard.persisted()), std::to_string(shard.recorded()),
               std::to_string(shard.keys()), std::to_string(shard.tombstones())});
  }
  return out + table.Text();
}

void Status(Context& context, const Arguments& a) {
  pb::StoreStatusRequest request;
  request.set_store(a.store);
  Client& client = context.client();
  const auto answer = client.Call(client.admin(), &pb::AdminService::Stub::StoreStatus, request);
  if (context.json) {
    Json all = Json::array();
    for (const auto& store : answer.stores()) all.push_back(StoreJson(store));
    PrintJson({{"stores", all}});
    return;
  }
  std::string text;
  for (const auto& store : answer.stores()) text += StoreText(store);
  Print(text);
}

}  // namespace

void AddStoreCommands(CLI::App& app, Context& context) {
  CLI::App* group = AddGroup(app, "store", "The engine: space, wblocks, durability");
  auto a = std::make_shared<Arguments>();
  AddCommand(*group, context, "status", "Show space and a picture of the wblocks", a, Status)
      ->add_option("STORE", a->store, "all, if not given");
}

}  // namespace memgrid::cli
