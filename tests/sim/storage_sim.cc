// Simulates stores from seeds and tells whether one of them was ever not what it had to be.
//
//   storage_sim [--seed=N] [--seeds=COUNT] [--length=X] [--every-event] [--canary=NAME]
//               [--trouble=NAME] [--without=RULE] [--verbose] [--log]
//
// MEMGRID_SIM_SEED and MEMGRID_SIM_SEEDS stand for the first two. `length` 1 is about a second of
// real time a seed. `every-event`: for each seed, one run for each event of the disk in its first
// life, with a crash just before it. Ends with 0 if nothing is wrong, with 1 and a line that begins
// with FAILED and names the seed otherwise. With a canary it is the other way round: something is
// wrong with the world, and must be found. The last line counts what happened; equal seeds give
// equal lines. `trouble`: none, full-disk, bad-stripe or rot, instead of what the seed says.
// `without`: a rule of reclaim (plan.h) is left out, which must be found like a canary. Found within
// 40 seeds: deaths, copies, former-lives, empty-wblocks, tombstones, dead-copies. The others need
// orders of magnitude more runs, or cover for each other (own-seqs and clean-recorded).

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <optional>
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
  bool every_event = false;
  Canary canary = Canary::kNone;
  bool weak = false;
  storage::Weakened weakened;
  std::optional<Trouble> trouble;
  bool verbose = false;
  bool log = false;
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
  if (name == "--canary") return ParseCanary(value, &to->canary);
  if (name == "--without") return to->weak = ParseRule(value, &to->weakened);
  if (name == "--trouble") return ParseTrouble(value, &to->trouble.emplace());
  if (argument == "--every-event") return to->every_event = true;
  if (argument == "--log") return to->log = true;
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

// Of all runs.
struct Sum {
  Tally tally;
  uint64_t runs = 0;
  uint64_t trace = 0;
  uint64_t failures = 0;
  double hours = 0;

  // Number of events that the disk of the run has seen.
  uint64_t Run(const Plan& plan) {
    Simulation simulation(plan);
    const auto wrong = simulation.Run();
    if (wrong.has_value()) {
      std::printf("FAILED seed %lu: %s\n  %s, crash-first-at %lu\n", plan.seed, wrong->c_str(),
                  plan.Describe().c_str(), plan.crash_first_at);
      std::fflush(stdout);
      ++failures;
    }
    ++runs;
    tally.Add(simulation.tally());
    trace = (trace ^ simulation.trace_hash()) * 0x9E3779B97F4A7C15u;
    hours += std::chrono::duration<double>(simulation.virtual_time()).count() / 3600;
    return simulation.disk_events();
  }
};

// A life that is cut before each of its events in turn, and one more that sees what is left.
void RunEveryEvent(Plan plan, Sum& sum) {
  plan.lives = 2;
  plan.crash_first_at = ~uint64_t{0};
  const uint64_t events = sum.Run(plan);
  for (plan.crash_first_at = 1; plan.crash_first_at < events && sum.failures == 0;
       ++plan.crash_first_at) {
    sum.Run(plan);
  }
}

int Main(int argc, char** argv) {
  Arguments arguments;
  if (!ParseAll(argc, argv, &arguments)) return 2;
  Sum sum;
  const bool deceived = arguments.weak || arguments.canary != Canary::kNone;
  for (uint64_t seed = arguments.seed; seed - arguments.seed < arguments.seeds; ++seed) {
    if (deceived && sum.failures > 0) break;
    Plan plan = MakePlan(seed, arguments.length, arguments.canary, arguments.trouble);
    plan.log = arguments.log;
    plan.options.weakened = arguments.weakened;
    if (arguments.verbose) std::printf("seed %lu: %s\n", seed, plan.Describe().c_str());
    std::fflush(stdout);
    if (arguments.every_event) {
      RunEveryEvent(plan, sum);
    } else {
      sum.Run(plan);
    }
  }
  std::printf("seed %lu seeds %lu runs %lu trace %016lx %s hours %.2f failures %lu\n",
              arguments.seed, arguments.seeds, sum.runs, sum.trace, sum.tally.Describe().c_str(),
              sum.hours, sum.failures);
  const bool found = sum.failures > 0;
  return found == deceived ? 0 : 1;
}

}  // namespace
}  // namespace memgrid::sim

int main(int argc, char** argv) { return memgrid::sim::Main(argc, argv); }
