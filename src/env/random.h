// Chance. From the kernel's generator in a real process, from one seed in a simulation.

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace memgrid::env {

// Thread-safe.
class Random {
 public:
  virtual ~Random() = default;

  virtual uint64_t Next() = 0;

  // Unguessable in a real process: keys, uuids, cursors' secrets.
  virtual void Fill(std::span<char> out) = 0;
};

}  // namespace memgrid::env
