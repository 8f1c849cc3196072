// Every figure that the server shows about itself, declared once with its kind, unit and help.
//
// Counters are kept per loop, each loop writing lines of its own, so that counting costs one
// uncontended store; they are summed when somebody asks. Figures that are known elsewhere (space,
// queues) are asked for at that moment by collectors.

#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace memgrid::observe {

// What the server counts itself. Rows: metrics.cc.
enum class Counter : uint8_t {
  kHttpRequests,
  kHttpRefused,
  kLoopSlowTurns,
  kCount,  // the number of counters
};

enum class MetricKind : uint8_t { kCounter, kGauge };

// A figure that a collector gives: names and help are rows of the table as well (metrics.cc); an
// unknown name is a fault of ours and stops the process.
struct Sample {
  std::string_view name;
  double value = 0;
  std::vector<std::pair<std::string, std::string>> labels;
};

struct MetricRow {
  std::string_view name;  // memgrid_..., ending in the unit and, for counters, _total
  MetricKind kind;
  std::string_view unit;  // "bytes", "seconds", "requests"; for people
  std::string_view help;
};

class Metrics {
 public:
  explicit Metrics(int loops);

  // By the thread of loop `loop` only.
  void Add(int loop, Counter counter, uint64_t amount = 1) {
    std::atomic<uint64_t>& cell =
        lines_[static_cast<size_t>(loop)].cells[static_cast<size_t>(counter)];
    cell.store(cell.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
  }

  // Any thread.
  uint64_t Sum(Counter counter) const;

  // `collect` appends its samples; called by whichever thread scrapes. Registered before serving
  // begins.
  void AddCollector(std::function<void(std::vector<Sample>&)> collect);

  // All of it in Prometheus' text format. Any thread.
  std::string Text() const;

  // The table: for the reference page.
  static std::span<const MetricRow> Rows();
  // docs/reference/metrics.md.
  static std::string Reference();

 private:
  struct alignas(64) Line {
    std::array<std::atomic<uint64_t>, static_cast<size_t>(Counter::kCount)> cells{};
  };
  const int loops_;
  std::unique_ptr<Line[]> lines_;
  std::vector<std::function<void(std::vector<Sample>&)>> collectors_;
};

}  // namespace memgrid::observe
