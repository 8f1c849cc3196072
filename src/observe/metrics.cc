#include "observe/metrics.h"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <map>
#include <sstream>

#include "base/check.h"
#include "base/strings.h"

namespace memgrid::observe {
namespace {

using enum MetricKind;

// The first rows are those of `Counter`, in its order.
constexpr MetricRow kRows[] = {
    {"memgrid_http_requests_total", kCounter, "requests", "Requests answered on the HTTP port."},
    {"memgrid_http_refused_total", kCounter, "requests",
     "HTTP requests that were malformed or too large."},
    {"memgrid_loop_slow_turns_total", kCounter, "turns",
     "Turns of an event loop that took more than 10 ms."},

    {"memgrid_start_time_seconds", kGauge, "seconds", "When the server started, since 1970."},
    {"memgrid_ready", kGauge, "boolean", "1 while the server answers requests."},

    {"memgrid_grpc_connections", kGauge, "connections", "Open gRPC connections."},
    {"memgrid_grpc_connections_accepted_total", kCounter, "connections",
     "gRPC connections accepted."},
    {"memgrid_grpc_connections_refused_total", kCounter, "connections",
     "gRPC connections closed at once because there were too many."},
    {"memgrid_grpc_connections_punished_total", kCounter, "connections",
     "gRPC connections closed for abuse."},
    {"memgrid_grpc_calls_total", kCounter, "calls", "gRPC calls begun."},
    {"memgrid_grpc_calls_failed_total", kCounter, "calls", "gRPC calls that ended with an error."},
    {"memgrid_grpc_received_bytes_total", kCounter, "bytes", "Bytes read from gRPC connections."},
    {"memgrid_grpc_sent_bytes_total", kCounter, "bytes", "Bytes written to gRPC connections."},
    {"memgrid_grpc_resets_total", kCounter, "streams", "gRPC streams reset by clients."},

    {"memgrid_store_capacity_bytes", kGauge, "bytes", "Bytes of wblocks of a store."},
    {"memgrid_store_live_bytes", kGauge, "bytes", "Bytes of records that are reachable."},
    {"memgrid_store_index_bytes", kGauge, "bytes", "Memory of the index."},
    {"memgrid_store_keys", kGauge, "keys", "Keys."},
    {"memgrid_store_regions", kGauge, "regions", "Regions."},
    {"memgrid_store_tombstones", kGauge, "records", "Deletes that an older copy could still undo."},
    {"memgrid_store_stop_writes", kGauge, "boolean",
     "1 while writes are refused for want of room."},
    {"memgrid_store_flushes_total", kCounter, "writes", "Writes to shadow files."},
    {"memgrid_store_flushed_bytes_total", kCounter, "bytes", "Bytes written to shadow files."},
    {"memgrid_store_user_bytes_total", kCounter, "bytes", "Bytes of records written by commands."},
    {"memgrid_store_defrag_bytes_total", kCounter, "bytes", "Bytes of records moved by defrag."},
    {"memgrid_stripe_free_wblocks", kGauge, "wblocks", "Wblocks that can be opened."},
    {"memgrid_stripe_quarantined_wblocks", kGauge, "wblocks",
     "Empty wblocks whose reuse a crash could still regret."},
    {"memgrid_stripe_read_only", kGauge, "boolean",
     "1 after a write error of the stripe's device."},
    {"memgrid_stripe_unflushed_bytes", kGauge, "bytes", "Bytes not yet on the device."},
    {"memgrid_shard_applied", kGauge, "sequence", "Last command applied."},
    {"memgrid_shard_persisted", kGauge, "sequence", "Every command up to it is durable."},
};

const MetricRow* Find(std::string_view name) {
  for (const MetricRow& row : kRows) {
    if (row.name == name) return &row;
  }
  return nullptr;
}

prometheus::ClientMetric ToMetric(const MetricRow& row, const Sample& sample) {
  prometheus::ClientMetric metric;
  for (const auto& [name, value] : sample.labels) metric.label.push_back({name, value});
  if (row.kind == kCounter) {
    metric.counter.value = sample.value;
  } else {
    metric.gauge.value = sample.value;
  }
  return metric;
}

}  // namespace

Metrics::Metrics(int loops)
    : loops_(loops), lines_(std::make_unique<Line[]>(static_cast<size_t>(loops))) {}

uint64_t Metrics::Sum(Counter counter) const {
  uint64_t sum = 0;
  for (int i = 0; i < loops_; ++i) {
    sum += lines_[static_cast<size_t>(i)].cells[static_cast<size_t>(counter)].load(
        std::memory_order_relaxed);
  }
  return sum;
}

void Metrics::AddCollector(std::function<void(std::vector<Sample>&)> collect) {
  collectors_.push_back(std::move(collect));
}

std::string Metrics::Text() const {
  std::vector<Sample> samples;
  for (size_t i = 0; i < static_cast<size_t>(Counter::kCount); ++i) {
    samples.push_back({kRows[i].name, static_cast<double>(Sum(static_cast<Counter>(i))), {}});
  }
  for (const auto& collect : collectors_) collect(samples);
  std::map<std::string_view, prometheus::MetricFamily> families;
  for (const Sample& sample : samples) {
    const MetricRow* row = Find(sample.name);
    MEMGRID_CHECK(row != nullptr, "metric ", sample.name, " is not in the table");
    prometheus::MetricFamily& family = families[row->name];
    family.name = row->name;
    family.help = row->help;
    family.type =
        row->kind == kCounter ? prometheus::MetricType::Counter : prometheus::MetricType::Gauge;
    family.metric.push_back(ToMetric(*row, sample));
  }
  std::vector<prometheus::MetricFamily> list;
  for (auto& [name, family] : families) list.push_back(std::move(family));
  std::ostringstream out;
  prometheus::TextSerializer().Serialize(out, list);
  return std::move(out).str();
}

std::span<const MetricRow> Metrics::Rows() { return kRows; }

std::string Metrics::Reference() {
  std::string out =
      "# Metrics\n\nMade from the table in `src/observe/metrics.cc`. Served on the HTTP port as "
      "`/metrics`.\n\n"
      "| name | kind | unit | meaning |\n|---|---|---|---|\n";
  for (const MetricRow& row : kRows) {
    out += base::StrCat("| `", row.name, "` | ", row.kind == kCounter ? "counter" : "gauge", " | ",
                        row.unit, " | ", row.help, " |\n");
  }
  return out;
}

}  // namespace memgrid::observe
