// Simulates stores from seeds and tells whether one of them was ever not what it had to be.
//
//   storage_sim [--seed=N] [--seeds=COUNT] [--length=X] [--verbose]
//
// MEMGRID_SIM_SEED and MEMGRID_SIM_SEEDS stand for the first two. `length` 1 is about a second of
// real time a seed. Ends with 0 if nothing is wrong, with 1 and a line that begins with FAILED and
// names the seed otherwise. The last line counts what happened; equal seeds give equal lines.

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/strings.h"
#include "simulation.h"

namespace memgrid::sim {
namespace {

struct Arguments {
  uint64_t seed = 1;
  uint64_t seeds = 1;
  double length = 1;
  bool verbose = false;
};

template <typename Number>
bool Parse(std::string_view text, Number* to) {
  const auto end = text.data() + text.size();
  const auto result = std::from_chars(text.data(), end, *to);
  return result.ec == std::errc() && result.ptr == end && !text.empty();
}

bool ParseArgument(std::string_view argument, Arguments* to) {
  const size_t equals = argument.find('=');
  const std::string_view name = argument.substr(0, equals);
  const std::string_view value = equals == std::string_view::npos ? "" : argument.substr(equals + 1);
  if (name == "--seed") return Parse(value, &to->seed);
  if (name == "--seeds") return Parse(value, &to->seeds) && to->seeds > 0;
  if (name == "--length") return Parse(value, &to->length) && to->length > 0;
  if (argument == "--verbose") return to->verbose = true;
  return false;
}

bool ParseAll(int argc, char** argv, Arguments* to) {
  const char* const seed = std::getenv("MEMGRID_SIM_SEED");
  const char* const seeds = std::getenv("MEMGRID_SIM_SEEDS");
  if (seed != nullptr && !Parse(std::string_view(seed), &to->seed)) return false;
  if (seeds != nullptr && !Parse(std::string_view(seeds), &to->seeds)) return false;
  for (int i = 1; i < argc; ++i) {
    if (!ParseArgument(argv[i], to)) {
      std::fprintf(stderr, "storage_sim: cannot read `%s`\n", argv[i]);
      return false;
    }
  }
  return true;
}

int Main(int argc, char** argv) {
  Arguments arguments;
  if (!ParseAll(argc, argv, &arguments)) return 2;
  Tally sum;
  uint64_t trace = 0;
  double hours = 0;
  int failures = 0;
  for (uint64_t seed = arguments.seed; seed - arguments.seed < arguments.seeds; ++seed) {
    const Plan plan = MakePlan(seed, arguments.length);
    if (arguments.verbose) std::printf("seed %lu: %s\n", seed, plan.Describe().c_str());
    std::fflush(stdout);
    Simulation simulation(plan);
    const auto wrong = simulation.Run();
    if (wrong.has_value()) {
      std::printf("FAILED seed %lu: %s\n  %s\n", seed, wrong->c_str(), plan.Describe().c_str());
      ++failures;
    }
    sum.Add(simulation.tally());
    trace = (trace ^ simulation.trace_hash()) * 0x9E3779B97F4A7C15u;
    hours += std::chrono::duration<double>(simulation.virtual_time()).count() / 3600;
  }
  std::printf("seed %lu seeds %lu trace %016lx %s hours %.2f failures %d\n", arguments.seed,
              arguments.seeds, trace, sum.Describe().c_str(), hours, failures);
  return failures == 0 ? 0 : 1;
}

}  // namespace
}  // namespace memgrid::sim

int main(int argc, char** argv) { return memgrid::sim::Main(argc, argv); }
