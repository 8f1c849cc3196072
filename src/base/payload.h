// Bytes on their way out that lie in memory of the engine: read without a copy, valid for the
// current turn of the loop, longer only if kept.

#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

#include "absl/container/inlined_vector.h"

namespace memgrid::base {

// Keeps engine memory from being used again. Held for as short as can be: reclaim raises Wanted,
// and the holder then copies what it still needs, at the latest at the end of its turn, and lets
// go.
class Hold {
 public:
  virtual ~Hold() = default;
  virtual bool Wanted() const = 0;
};

// Makes holds; the engine's side.
class Keeper {
 public:
  virtual ~Keeper() = default;
  // Keeps the memory behind `slices`, all of which this keeper handed out in the current turn of
  // the calling loop.
  virtual std::unique_ptr<Hold> Keep(const absl::InlinedVector<std::string_view, 4>& slices) = 0;
};

// What a read found. `slices` in order make the value; they are valid until the end of the turn in
// which they were handed out, unless `keeper->Keep` is called within that turn. Slices into `owned`
// live as long as the Payload.
struct Payload {
  absl::InlinedVector<std::string_view, 4> slices;
  size_t size = 0;
  Keeper* keeper = nullptr;  // null: all slices lie in `owned` or in static memory
  std::unique_ptr<char[]> owned;

  void Add(std::string_view slice) {
    if (slice.empty()) return;
    slices.push_back(slice);
    size += slice.size();
  }
};

}  // namespace memgrid::base
