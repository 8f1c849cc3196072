// How fresh a read has to be.

#pragma once

#include <cstdint>

namespace memgrid::replication {

enum class Consistency : uint8_t {
  kLinearizable = 0,    // the newest committed state
  kStale = 1,           // whatever this server has applied
  kAtLeastVersion = 2,  // this server has applied a given sequence
};

}  // namespace memgrid::replication
