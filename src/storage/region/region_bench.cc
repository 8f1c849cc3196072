// Cost of region reads and writes in memory, records' copying left out.

#include <random>
#include <string>
#include <vector>

#include "benchmark/benchmark.h"
#include "storage/region/region.h"
#include "storage/testing/part_arena.h"

namespace memgrid::storage {
namespace {

constexpr uint64_t kBytes = 64u << 20;

class Nobody : public DeathSink {
 public:
  void OnDeath(const char*, size_t, uint64_t) override {}
};

struct Filled {
  // Written in pieces of `piece` bytes.
  explicit Filled(size_t piece) {
    const std::string data(piece, 'x');
    for (uint64_t at = 0; at < kBytes; at += piece) Write(at, data);
  }

  void Write(uint64_t offset, std::string_view data) {
    const RegionChange change = region.PlanWrite(offset, data, 128u << 10);
    std::vector<const char*> addresses;
    ++seq;
    for (const PartRecord& part : change.records) addresses.push_back(arena.Append(part, seq));
    region.Publish(change, addresses, seq);
    memory.Collect();
  }

  base::Qsbr qsbr{1};
  TableMemory memory{qsbr};
  Nobody nobody;
  testing::PartArena arena{1};
  uint64_t seq = 1;
  Region region{RegionMeta{.id = 1, .version = 1}, memory, nobody};
};

void Read(benchmark::State& state, Filled& filled) {
  const uint64_t length = state.range(0);
  std::minstd_rand random(1);
  for (auto _ : state) {
    base::Payload out;
    RegionMeta meta;
    const uint64_t offset = random() % (kBytes - length);
    benchmark::DoNotOptimize(filled.region.Read(offset, length, out, meta));
    benchmark::DoNotOptimize(out.slices.data());
  }
}

void BM_ReadWrittenByMegabytes(benchmark::State& state) {
  Filled filled(1u << 20);
  Read(state, filled);
}
BENCHMARK(BM_ReadWrittenByMegabytes)->Arg(64)->Arg(4096)->Arg(1 << 20);

void BM_ReadWrittenByPages(benchmark::State& state) {
  Filled filled(4096);
  Read(state, filled);
}
BENCHMARK(BM_ReadWrittenByPages)->Arg(64)->Arg(4096)->Arg(1 << 20);

void BM_ReadPatched(benchmark::State& state) {
  Filled filled(4096);
  for (uint64_t at = 0; at < kBytes; at += 512) filled.Write(at, "a patch of some bytes");
  Read(state, filled);
}
BENCHMARK(BM_ReadPatched)->Arg(64)->Arg(4096)->Arg(1 << 20);

// Planning and publishing; the record is always the same one.
void BM_WritePage(benchmark::State& state) {
  Filled filled(1u << 20);
  const std::string page(kPageBytes, 'y');
  std::minstd_rand random(1);
  const RegionChange one = filled.region.PlanWrite(0, page, 128u << 10);
  const char* const record = filled.arena.Append(one.records[0], 2);
  for (auto _ : state) {
    const uint64_t offset = random() % (kBytes / kPageBytes) * kPageBytes;
    filled.region.Publish(filled.region.PlanWrite(offset, page, 128u << 10), {&record, 1},
                          ++filled.seq);
  }
}
BENCHMARK(BM_WritePage);

void BM_WriteSmall(benchmark::State& state) {
  Filled filled(1u << 20);
  const std::string data(state.range(0), 'y');
  std::minstd_rand random(1);
  for (auto _ : state) filled.Write(random() % (kBytes / 64) * 64, data);
}
BENCHMARK(BM_WriteSmall)->Arg(64)->Iterations(1000000);

}  // namespace
}  // namespace memgrid::storage
