// What the index costs, at sizes of which little is in a cache. Names are 16 random bytes.

#include <benchmark/benchmark.h>

#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include "storage/index/index.h"
#include "storage/index/testing/records.h"

namespace memgrid::storage {
namespace {

// ctest runs every benchmark for a moment only.
const size_t kKeys = std::getenv("MEMGRID_BENCH_SHORT") != nullptr ? 50'000 : 5'000'000;
constexpr size_t kAbsent = 100'000;

struct Loaded {
  Loaded() : index({1, 2}, qsbr) {
    std::mt19937_64 random(1);
    slots.reserve(kKeys);
    for (size_t i = 0; i < kKeys + kAbsent; ++i) slots.push_back(Record(random()));
  }
  Slot Record(uint64_t number) {
    const uint64_t bits[2] = {number, number * 0x9e3779b97f4a7c15u};
    return records.Value({1, Space::kKeys, {reinterpret_cast<const char*>(bits), sizeof bits}});
  }
  void Set(Slot slot) {
    const RootName name = slot.record().name();
    index.Set(name, index.Hash(name), slot);
  }
  // `kKeys` keys, created one by one; `ahead`: how many hashes are known ahead, as in a batch of commands.
  void Fill(size_t ahead = 0) {
    for (size_t i = index.live(); i < kKeys; ++i) {
      if (ahead > 0) index.Prefetch(index.Hash(slots[i + ahead].record().name()));
      Set(slots[i]);
      if (i % 256 == 0) index.Maintain();
    }
  }

  base::Qsbr qsbr{1};
  Records records;
  Index index;
  std::vector<Slot> slots;
};

Loaded& Shared() {
  static auto* loaded = new Loaded;  // for the life of the process
  return *loaded;
}

void BM_Create(benchmark::State& state) {
  Loaded loaded;
  for (auto _ : state) loaded.Fill();
  state.SetItemsProcessed(static_cast<int64_t>(kKeys));
  state.counters["bytes_a_key"] = static_cast<double>(loaded.index.memory_bytes()) / kKeys;
}
BENCHMARK(BM_Create)->Iterations(1)->Unit(benchmark::kMillisecond);

void BM_Load(benchmark::State& state) {
  Loaded loaded;
  for (auto _ : state) {
    loaded.index.BeginLoad();
    loaded.Fill(8);
    loaded.index.EndLoad();
  }
  state.SetItemsProcessed(static_cast<int64_t>(kKeys));
  state.counters["bytes_a_key"] = static_cast<double>(loaded.index.memory_bytes()) / kKeys;
}
BENCHMARK(BM_Load)->Iterations(1)->Unit(benchmark::kMillisecond);

void Look(benchmark::State& state, size_t from, size_t count, bool prefetch) {
  Loaded& loaded = Shared();
  loaded.Fill();
  std::mt19937_64 random(2);
  std::vector<std::string> names;
  for (int i = 0; i < 1 << 16; ++i) names.emplace_back(loaded.slots[from + random() % count].record().key());
  uint64_t found = 0;
  for (auto _ : state) {
    for (int i = 0; i < 16; ++i) {
      const auto& name = names[random() % names.size()];
      const uint64_t hash = loaded.index.Hash({1, Space::kKeys, name});
      if (prefetch) loaded.index.Prefetch(hash);
      found += loaded.index.Find({1, Space::kKeys, name}, hash).slot.bits() != 0;
    }
  }
  benchmark::DoNotOptimize(found);
  state.SetItemsProcessed(state.iterations() * 16);
}
void BM_FindHit(benchmark::State& state) { Look(state, 0, kKeys, false); }
void BM_FindMiss(benchmark::State& state) { Look(state, kKeys, kAbsent, false); }
BENCHMARK(BM_FindHit);
BENCHMARK(BM_FindMiss);

void BM_Overwrite(benchmark::State& state) {
  Loaded& loaded = Shared();
  loaded.Fill();
  std::mt19937_64 random(3);
  for (auto _ : state) loaded.Set(loaded.slots[random() % kKeys]);
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_Overwrite);

void BM_List1000(benchmark::State& state) {
  Loaded& loaded = Shared();
  loaded.Fill();
  std::mt19937_64 random(4);
  uint64_t bytes = 0;
  for (auto _ : state) {
    const auto after = loaded.slots[random() % kKeys].record().key();
    size_t left = 1000;
    loaded.index.List(1, Space::kKeys, "", after, [&](std::string_view name, Slot) {
      bytes += name.size();
      return --left > 0;
    });
  }
  benchmark::DoNotOptimize(bytes);
  state.SetItemsProcessed(state.iterations() * 1000);
}
BENCHMARK(BM_List1000);

void BM_RemoveAndCreate(benchmark::State& state) {
  Loaded& loaded = Shared();
  loaded.Fill();
  std::mt19937_64 random(5);
  for (auto _ : state) {
    const Slot slot = loaded.slots[random() % kKeys];
    const RootName name = slot.record().name();
    const uint64_t hash = loaded.index.Hash(name);
    loaded.index.Erase(name, hash);
    loaded.index.Set(name, hash, slot);
  }
  state.SetItemsProcessed(state.iterations() * 2);
}
BENCHMARK(BM_RemoveAndCreate);

}  // namespace
}  // namespace memgrid::storage
