// The engine alone, in memory and with shadow files: what a put, an overwrite and a get cost, and memory a key.
//
// The store runs on the loops of a real process; the work runs in turns of the shard's owner, a batch a turn, as it does in
// a server.

#include <malloc.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <future>
#include <memory>
#include <string>
#include <string_view>

#include "benchmark/benchmark.h"
#include "env/posix/posix_env.h"
#include "storage/store.h"

namespace memgrid::storage {
namespace {

constexpr int kBatch = 64;  // commands a turn
// ctest runs every benchmark for a moment only.
const int64_t kKeys = std::getenv("MEMGRID_BENCH_SHORT") != nullptr ? 1 << 14 : 1 << 20;
constexpr std::string_view kFile = "/tmp/memgrid_storage_bench.dat";

uint64_t ResidentBytes() {
  std::ifstream status("/proc/self/statm");
  uint64_t all = 0, resident = 0;
  status >> all >> resident;
  return resident * 4096;
}

class Bench {
 public:
  explicit Bench(bool shadow) : shadow_(shadow), loops_(env::MakePosixLoops({.loops = 1})) {
    loops_->Start();
    if (shadow_) std::remove(std::string(kFile).c_str());
    Open();
  }
  ~Bench() {
    Close();
    loops_->Stop();
    store_.reset();
    if (shadow_) std::remove(std::string(kFile).c_str());
  }

  void Open() {
    StoreOptions options;
    options.shards = 1;
    options.stop_writes_used_pct = 85;
    if (shadow_) {
      options.files = {std::string(kFile)};
      options.filesize = 4ull << 30;
      options.max_write_cache = 4ull << 30;
      options.flush_max_ms = 60000;
    } else {
      options.data_size = 4ull << 30;
    }
    std::promise<void> opened;
    loops_->loop(0).Post([&] {
      Store::Open(options, *loops_, {}, [&](absl::StatusOr<std::unique_ptr<Store>> store) {
        if (!store.ok()) {
          std::fprintf(stderr, "%s\n", std::string(store.status().message()).c_str());
          std::exit(1);
        }
        store_ = *std::move(store);
        opened.set_value();
      });
    });
    opened.get_future().get();
  }
  void Close() {
    if (store_ == nullptr) return;
    std::promise<void> closed;
    loops_->loop(0).Post([&] { store_->Close([&](absl::Status) { closed.set_value(); }); });
    closed.get_future().get();
    store_.reset();
  }

  // Runs `work(shard)` in one turn.
  template <typename Work>
  void Turn(Work work) {
    std::promise<void> done;
    loops_->loop(0).Post([&] {
      work(store_->shard(0));
      done.set_value();
    });
    done.get_future().get();
  }

  static std::string_view KeyOf(uint64_t number, char (&key)[17]) {
    std::snprintf(key, sizeof key, "%016lx", number * 0x9E3779B97F4A7C15u);
    return {key, 16};
  }

  static void Put(Shard& shard, uint64_t number, std::string_view value) {
    char key[17];
    const RootName name{1, Space::kKeys, KeyOf(number, key)};
    const uint64_t hash = shard.Hash(name);
    const Admission admission = shard.Admit({1, 160, 1, false});
    if (!admission.status.ok()) {
      std::fprintf(stderr, "%s\n", std::string(admission.status.message()).c_str());
      std::exit(1);
    }
    shard.Begin(shard.applied() + 1);
    shard.PutValue(name, hash, 0, value);
    shard.Commit();
  }

 private:
  const bool shadow_;
  std::unique_ptr<env::LoopGroup> loops_;
  std::unique_ptr<Store> store_;
};

// Creates keys of 16 bytes with values of 100.
void BM_Create(benchmark::State& state) {
  Bench bench(state.range(0) != 0);
  const std::string value(100, 'v');
  uint64_t next = 0;
  const uint64_t before = ResidentBytes();
  for (auto _ : state) {
    bench.Turn([&](Shard& shard) {
      for (int i = 0; i < kBatch * 16; ++i) Bench::Put(shard, next++, value);
    });
  }
  state.SetItemsProcessed(static_cast<int64_t>(next));
  state.counters["rss_per_key"] = static_cast<double>(ResidentBytes() - before) / static_cast<double>(next);
}

void BM_Overwrite(benchmark::State& state) {
  Bench bench(state.range(0) != 0);
  const auto keys = static_cast<uint64_t>(state.range(1));
  const std::string value(100, 'v');
  for (uint64_t at = 0; at < keys;) {
    bench.Turn([&](Shard& shard) {
      for (int i = 0; i < 4096 && at < keys; ++i) Bench::Put(shard, at++, value);
    });
  }
  uint64_t next = 0;
  for (auto _ : state) {
    bench.Turn([&](Shard& shard) {
      for (int i = 0; i < kBatch * 16; ++i, next += 7919) Bench::Put(shard, next % keys, value);
    });
  }
  state.SetItemsProcessed(state.iterations() * kBatch * 16);
}

void BM_Get(benchmark::State& state) {
  Bench bench(false);
  const auto keys = static_cast<uint64_t>(state.range(0));
  const std::string value(100, 'v');
  for (uint64_t at = 0; at < keys;) {
    bench.Turn([&](Shard& shard) {
      for (int i = 0; i < 4096 && at < keys; ++i) Bench::Put(shard, at++, value);
    });
  }
  uint64_t next = 0;
  uint64_t found = 0;
  for (auto _ : state) {
    bench.Turn([&](Shard& shard) {
      for (int i = 0; i < kBatch * 16; ++i, next += 7919) {
        char key[17];
        const RootName name{1, Space::kKeys, Bench::KeyOf(next % keys, key)};
        ValueRead read;
        shard.ReadValue(name, shard.Hash(name), read);
        found += read.payload.size;
      }
    });
  }
  benchmark::DoNotOptimize(found);
  state.SetItemsProcessed(state.iterations() * kBatch * 16);
}

// A cold start from a shadow file with so many keys: until the store is open. The file is in the page cache or not, as it
// happens; CPU time is what counts.
void BM_Open(benchmark::State& state) {
  const auto keys = static_cast<uint64_t>(state.range(0));
  Bench bench(true);
  const std::string value(100, 'v');
  for (uint64_t at = 0; at < keys;) {
    bench.Turn([&](Shard& shard) {
      for (int i = 0; i < 4096 && at < keys; ++i) Bench::Put(shard, at++, value);
    });
  }
  bench.Close();
  for (auto _ : state) {
    bench.Open();
    state.PauseTiming();
    bench.Close();
    state.ResumeTiming();
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}

BENCHMARK(BM_Create)->Arg(0)->Arg(1)->Unit(benchmark::kMicrosecond)->MeasureProcessCPUTime();
BENCHMARK(BM_Overwrite)->Args({0, kKeys})->Unit(benchmark::kMicrosecond)->MeasureProcessCPUTime();
BENCHMARK(BM_Open)->Arg(1 << 21)->Unit(benchmark::kMillisecond)->MeasureProcessCPUTime()->Iterations(2);
BENCHMARK(BM_Get)->Arg(kKeys)->Unit(benchmark::kMicrosecond)->MeasureProcessCPUTime();

}  // namespace
}  // namespace memgrid::storage
