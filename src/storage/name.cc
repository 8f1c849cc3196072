#include "storage/name.h"

#include <span>

#include "base/endian.h"
#include "base/hash.h"

namespace memgrid::storage {
namespace {

std::unique_ptr<const base::HashKey> KeyOf(const HashSeed& seed) {
  char bytes[16];
  base::StoreLe64(bytes, seed.low);
  base::StoreLe64(bytes + 8, seed.high);
  return std::make_unique<const base::HashKey>(bytes);
}

// A bijection in which every bit of the input moves every bit of the output.
uint64_t Mix(uint64_t x) {
  x ^= x >> 32;
  x *= 0xd6e8feb86659fd93u;
  x ^= x >> 32;
  x *= 0xd6e8feb86659fd93u;
  return x ^ (x >> 32);
}

}  // namespace

NameHasher::NameHasher(const HashSeed& seed)
    : key_(KeyOf(seed)), head_seed_(Mix(seed.high + Mix(seed.low))) {}

NameHasher::~NameHasher() = default;

uint64_t NameHasher::operator()(const RootName& name) const {
  const uint64_t head = uint64_t{name.ns} << 8 | static_cast<uint8_t>(name.space);
  return Mix(key_->Hash(name.name) ^ Mix(head ^ head_seed_));
}

uint64_t HashOf(const RootName& name, const HashSeed& seed) { return NameHasher(seed)(name); }

}  // namespace memgrid::storage
