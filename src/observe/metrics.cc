#include "observe/metrics.h"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <map>
#include <set>
#include <sstream>

#include "base/check.h"
#include "base/strings.h"

namespace memgrid::observe {
namespace {

prometheus::ClientMetric ToMetric(const MetricRow& row, const Sample& sample) {
  prometheus::ClientMetric metric;
  for (const auto& [name, value] : sample.labels) metric.label.push_back({name, value});
  if (row.kind == MetricKind::kCounter) {
    metric.counter.value = sample.value;
  } else {
    metric.gauge.value = sample.value;
  }
  return metric;
}

}  // namespace

Metrics::Metrics(std::vector<MetricRow> rows) : rows_(std::move(rows)) {
  std::set<std::string_view> names;
  for (const MetricRow& row : rows_) {
    MEMGRID_CHECK(names.insert(row.name).second, "metric ", row.name, " is declared twice");
  }
}

void Metrics::AddCollector(std::function<void(std::vector<Sample>&)> collect) {
  collectors_.push_back(std::move(collect));
}

std::string Metrics::Text() const {
  std::vector<Sample> samples;
  for (const auto& collect : collectors_) collect(samples);
  std::map<std::string_view, std::pair<const MetricRow*, prometheus::MetricFamily>> families;
  for (const MetricRow& row : rows_) families[row.name].first = &row;
  for (const Sample& sample : samples) {
    const auto at = families.find(sample.name);
    MEMGRID_CHECK(at != families.end(), "metric ", sample.name, " is not in the table");
    at->second.second.metric.push_back(ToMetric(*at->second.first, sample));
  }
  std::vector<prometheus::MetricFamily> list;
  for (auto& [name, entry] : families) {
    if (entry.second.metric.empty()) continue;
    entry.second.name = entry.first->name;
    entry.second.help = entry.first->help;
    entry.second.type = entry.first->kind == MetricKind::kCounter ? prometheus::MetricType::Counter
                                                                  : prometheus::MetricType::Gauge;
    list.push_back(std::move(entry.second));
  }
  std::ostringstream out;
  prometheus::TextSerializer().Serialize(out, list);
  return std::move(out).str();
}

std::string Metrics::Reference() const {
  std::string out =
      "# Metrics\n\nServed on the HTTP port as `/metrics`. Made by `memgridd --print-metrics`.\n\n"
      "| name | kind | unit | meaning |\n|---|---|---|---|\n";
  for (const MetricRow& row : rows_) {
    out += base::StrCat("| `", row.name, "` | ",
                        row.kind == MetricKind::kCounter ? "counter" : "gauge", " | ", row.unit,
                        " | ", row.help, " |\n");
  }
  return out;
}

}  // namespace memgrid::observe
