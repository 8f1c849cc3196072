#include <string>

#include "base/crc32c.h"
#include "base/hash.h"
#include "base/utf8.h"
#include "benchmark/benchmark.h"

namespace memgrid::base {
namespace {

void Crc(benchmark::State& state) {
  const std::string data(static_cast<size_t>(state.range(0)), 'x');
  for (auto _ : state) benchmark::DoNotOptimize(Crc32c(1, data));
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(Crc)->Arg(24)->Arg(144)->Arg(4096)->Arg(1 << 20);

void KeyedHash(benchmark::State& state) {
  const std::string seed(16, 's');
  const HashKey key(std::span<const char, 16>(seed.data(), 16));
  const std::string name(static_cast<size_t>(state.range(0)), 'n');
  for (auto _ : state) benchmark::DoNotOptimize(key.Hash(name));
}
BENCHMARK(KeyedHash)->Arg(8)->Arg(16)->Arg(40)->Arg(200)->Arg(1024);

void Utf8(benchmark::State& state) {
  const std::string name(static_cast<size_t>(state.range(0)), 'n');
  for (auto _ : state) benchmark::DoNotOptimize(IsUtf8WithoutNul(name));
}
BENCHMARK(Utf8)->Arg(16)->Arg(40)->Arg(1024);

}  // namespace
}  // namespace memgrid::base
