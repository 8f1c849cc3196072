#include "server/reports.h"

#include "base/strings.h"
#include "frontend/grpc/counters.h"
#include "grid/counters.h"

namespace memgrid::server {
namespace {

using observe::MetricKind;
using observe::MetricRow;
using observe::Sample;

constexpr MetricKind counter = MetricKind::kCounter;
constexpr MetricKind gauge = MetricKind::kGauge;

// "memgrid_grpc_" + "calls_started" (+ "_total" for counters).
std::string NameOf(std::string_view part, std::string_view field, MetricKind kind) {
  return base::StrCat("memgrid_", part, "_", field, kind == counter ? "_total" : "");
}

const MetricRow kOwnRows[] = {
    {"memgrid_loop_slow_turns_total", counter, "turns",
     "Turns of an event loop that took more than 10 ms"},
    {"memgrid_http_connections", gauge, "connections", "HTTP connections open"},
    {"memgrid_http_requests_total", counter, "requests", "Requests answered over HTTP"},
    {"memgrid_http_refused_total", counter, "requests",
     "HTTP requests that were malformed or too large"},
    {"memgrid_store_capacity_bytes", gauge, "bytes", "Bytes of wblocks of a store"},
    {"memgrid_store_live_bytes", gauge, "bytes", "Bytes of records that are reachable"},
    {"memgrid_store_index_bytes", gauge, "bytes", "Memory of the index"},
    {"memgrid_store_keys", gauge, "keys", "Keys of a store"},
    {"memgrid_store_regions", gauge, "regions", "Regions of a store"},
    {"memgrid_store_stop_writes", gauge, "boolean", "1 while writes are refused for want of room"},
    {"memgrid_stripe_free_wblocks", gauge, "wblocks", "Wblocks that can be opened"},
    {"memgrid_stripe_quarantined_wblocks", gauge, "wblocks",
     "Empty wblocks whose reuse a crash could still regret"},
    {"memgrid_stripe_read_only", gauge, "boolean", "1 after a write error of the stripe's device"},
    {"memgrid_stripe_unflushed_bytes", gauge, "bytes", "Bytes not yet on the device"},
    {"memgrid_shard_applied", gauge, "sequence", "Last command applied"},
    {"memgrid_shard_persisted", gauge, "sequence", "Every command up to it is durable"},
    {"memgrid_shard_damaged", gauge, "boolean",
     "1 if rot was found that may concern any key of the shard"},
};

void CollectStore(const grid::StoreReport& store, std::vector<Sample>& out) {
  const std::pair<std::string, std::string> label{"store", store.name};
  const auto add = [&](const char* name, auto value) {
    out.push_back({name, static_cast<double>(value), {label}});
  };
  add("memgrid_store_capacity_bytes", store.capacity_bytes);
  add("memgrid_store_live_bytes", store.live_bytes);
  add("memgrid_store_index_bytes", store.index_bytes);
  add("memgrid_store_keys", store.keys);
  add("memgrid_store_regions", store.regions);
  add("memgrid_store_stop_writes", store.stop_writes);
  for (size_t i = 0; i < store.stripes.size(); ++i) {
    const auto& stripe = store.stripes[i];
    const auto stripe_add = [&](const char* name, auto value) {
      out.push_back({name, static_cast<double>(value), {label, {"stripe", std::to_string(i)}}});
    };
    stripe_add("memgrid_stripe_free_wblocks", stripe.free_wblocks);
    stripe_add("memgrid_stripe_quarantined_wblocks", stripe.quarantined_wblocks);
    stripe_add("memgrid_stripe_read_only", stripe.read_only);
    stripe_add("memgrid_stripe_unflushed_bytes", stripe.unflushed_bytes);
  }
  for (size_t i = 0; i < store.shards.size(); ++i) {
    const auto& shard = store.shards[i];
    const auto shard_add = [&](const char* name, auto value) {
      out.push_back({name, static_cast<double>(value), {label, {"shard", std::to_string(i)}}});
    };
    shard_add("memgrid_shard_applied", shard.applied);
    shard_add("memgrid_shard_persisted", shard.persisted);
    shard_add("memgrid_shard_damaged", shard.damaged);
  }
}

}  // namespace

std::vector<MetricRow> MetricTable() {
  std::vector<MetricRow> rows(std::begin(kOwnRows), std::end(kOwnRows));
#define MEMGRID_ROW(part, field, kind, unit, help) \
  rows.push_back({NameOf(part, #field, kind), kind, unit, help});
#define MEMGRID_GRPC_ROW(field, kind, unit, help) MEMGRID_ROW("grpc", field, kind, unit, help)
#define MEMGRID_GRID_ROW(field, kind, unit, help) MEMGRID_ROW("grid", field, kind, unit, help)
  MEMGRID_GRPC_COUNTERS(MEMGRID_GRPC_ROW)
  MEMGRID_GRID_COUNTERS(MEMGRID_GRID_ROW)
#undef MEMGRID_GRID_ROW
#undef MEMGRID_GRPC_ROW
#undef MEMGRID_ROW
  return rows;
}

void ReportGrpc(observe::Metrics& metrics, const frontend::grpc::Server& server) {
  metrics.AddCollector([&server](std::vector<Sample>& out) {
    const frontend::grpc::Counters now = server.counters();
#define MEMGRID_SAMPLE(field, kind, unit, help) \
  out.push_back({NameOf("grpc", #field, kind), static_cast<double>(now.field), {}});
    MEMGRID_GRPC_COUNTERS(MEMGRID_SAMPLE)
#undef MEMGRID_SAMPLE
  });
}

void ReportHttp(observe::Metrics& metrics, const frontend::http::Server& server) {
  metrics.AddCollector([&server](std::vector<Sample>& out) {
    const frontend::http::Counters now = server.counters();
    out.push_back({"memgrid_http_connections", static_cast<double>(now.connections), {}});
    out.push_back({"memgrid_http_requests_total", static_cast<double>(now.requests), {}});
    out.push_back({"memgrid_http_refused_total", static_cast<double>(now.refused), {}});
  });
}

void ReportGrid(observe::Metrics& metrics, const grid::Grid& grid) {
  metrics.AddCollector([&grid](std::vector<Sample>& out) {
    const grid::Counters now = grid.counters();
#define MEMGRID_SAMPLE(field, kind, unit, help) \
  out.push_back({NameOf("grid", #field, kind), static_cast<double>(now.field), {}});
    MEMGRID_GRID_COUNTERS(MEMGRID_SAMPLE)
#undef MEMGRID_SAMPLE
    const auto stores = grid.StoreStatus({}, "");
    if (!stores.ok()) return;  // not serving yet
    for (const grid::StoreReport& store : *stores) CollectStore(store, out);
  });
}

void ReportLoops(observe::Metrics& metrics, const env::LoopGroup& loops) {
  metrics.AddCollector([&loops](std::vector<Sample>& out) {
    out.push_back({"memgrid_loop_slow_turns_total", static_cast<double>(loops.slow_turns()), {}});
  });
}

}  // namespace memgrid::server
