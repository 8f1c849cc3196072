#include "grid/usage.h"

#include "base/check.h"

namespace memgrid::grid {

void Usage::Subtract(uint64_t bytes, uint64_t expiry_ms) {
  MEMGRID_CHECK(bytes <= bytes_, "a namespace of ", bytes_, " bytes loses ", bytes);
  bytes_ -= bytes;
  if (expiry_ms == 0) return;
  const auto at = expiring_.find(expiry_ms);
  MEMGRID_CHECK(at != expiring_.end() && bytes <= at->second, "bytes were not counted as expiring");
  at->second -= bytes;
  if (at->second == 0) expiring_.erase(at);
}

void Usage::Expire(uint64_t clock_ms) {
  while (!expiring_.empty() && expiring_.begin()->first <= clock_ms) {
    bytes_ -= expiring_.begin()->second;
    expiring_.erase(expiring_.begin());
  }
}

}  // namespace memgrid::grid
