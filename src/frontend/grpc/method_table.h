// Finds the method that a path names.

#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "frontend/grpc/call.h"

namespace memgrid::frontend::grpc {

// Made once, then read by all loops.
class MethodTable {
 public:
  // `services` must outlive the table; paths must differ (CHECK).
  explicit MethodTable(const std::vector<Service>& services);

  // Null if there is none.
  const Method* Find(std::string_view path) const;

 private:
  struct Slot {
    uint64_t hash = 0;
    const Method* method = nullptr;
  };

  std::vector<Slot> slots_;  // open addressing, at most half full, a power of two
};

}  // namespace memgrid::frontend::grpc
