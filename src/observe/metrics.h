// Every figure that the server shows about itself: declared once, in a table with kind, unit and
// help; gathered when somebody asks, from whoever keeps it.

#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace memgrid::observe {

enum class MetricKind : uint8_t { kCounter, kGauge };

struct MetricRow {
  std::string name;  // memgrid_...; counters end in _total
  MetricKind kind;
  std::string unit;  // "bytes", "seconds", "calls": for people
  std::string help;
};

// One value of a row; labels tell apart what the row says of several things (stores, stripes).
struct Sample {
  std::string name;
  double value = 0;
  std::vector<std::pair<std::string, std::string>> labels;
};

class Metrics {
 public:
  // Names must differ (CHECK).
  explicit Metrics(std::vector<MetricRow> rows);

  // `collect` appends its samples; it is called by whichever thread scrapes. Added before serving
  // begins.
  void AddCollector(std::function<void(std::vector<Sample>&)> collect);

  // All of it in Prometheus' text format. Any thread. A sample whose name is no row is a fault of
  // ours: the process stops.
  std::string Text() const;

  // docs/reference/metrics.md.
  std::string Reference() const;

 private:
  const std::vector<MetricRow> rows_;
  std::vector<std::function<void(std::vector<Sample>&)>> collectors_;
};

}  // namespace memgrid::observe
