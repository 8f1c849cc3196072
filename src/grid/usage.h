// Logical bytes of the namespaces that have a quota: of a key its name and value, of a region its
// name and data_length.
//
// They follow from the commands alone, so they are equal on all replicas. What expires is known by
// its deadline: bytes are summed by deadline, and leave when the shard's clock passes it.
//
// Threads: the owner of the shard.

#pragma once

#include <cstdint>

#include "absl/container/btree_map.h"
#include "absl/container/flat_hash_map.h"

namespace memgrid::grid {

// One namespace.
class Usage {
 public:
  explicit Usage(uint64_t quota = 0) : quota_(quota) {}

  // `expiry_ms` 0: for ever.
  void Add(uint64_t bytes, uint64_t expiry_ms) {
    bytes_ += bytes;
    if (expiry_ms != 0) expiring_[expiry_ms] += bytes;
  }
  // What was added with the same expiry, and has not expired.
  void Subtract(uint64_t bytes, uint64_t expiry_ms);
  // The shard's clock is now `clock_ms`.
  void Expire(uint64_t clock_ms);
  uint64_t bytes() const { return bytes_; }
  uint64_t quota() const { return quota_; }
  // Whether `growth` more bytes keep the quota.
  bool Fits(uint64_t growth) const { return bytes_ <= quota_ && growth <= quota_ - bytes_; }

 private:
  uint64_t quota_;
  uint64_t bytes_ = 0;
  absl::btree_map<uint64_t, uint64_t> expiring_;  // deadline: bytes
};

// Those of a shard, by number.
using Usages = absl::flat_hash_map<uint32_t, Usage>;

}  // namespace memgrid::grid
