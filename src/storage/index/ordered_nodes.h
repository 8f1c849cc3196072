// Nodes of the tree of names.

#pragma once

#include <cstdint>

#include "storage/index/name_order.h"
#include "storage/index/slab.h"

namespace memgrid::storage {

inline constexpr int kLeafEntries = 64;
inline constexpr int kInnerChildren = 64;

// A key in a leaf: its short hash (48 bits), by which its slot and so its name are found, and a hint: the two bytes of
// its name behind the prefix of the leaf. Hints never fall from one entry to the next.
class Entry {
 public:
  Entry() = default;
  Entry(uint64_t short_hash, uint16_t hint) : bits_(short_hash << 16 | hint) {}
  uint64_t short_hash() const { return bits_ >> 16; }
  uint16_t hint() const { return static_cast<uint16_t>(bits_); }

 private:
  uint64_t bits_ = 0;
};

// Stands for the names from its fence up to that of the next leaf. The j-th entry of a hash is the j-th name of that
// hash in that range, so equal hashes cost a comparison and no space.
struct Leaf {
  Fence fence;
  uint32_t next = Slab<Leaf>::kNone;
  uint32_t prefix : 11 = 0;  // bytes that fence and next fence have in common, or fewer
  uint32_t count : 7 = 0;
  uint32_t last : 7 = 0;     // where the last insertion went
  uint32_t run : 4 = 0;      // how many before it went just before each other
  Entry entries[kLeafEntries];
};
static_assert(sizeof(Leaf) == 544);

// Child i stands for the names from its fence up to that of child i + 1. words[i] (i > 0) = the eight bytes of child
// i's fence behind the prefix that all these fences share.
struct Inner {
  Fence fence;
  uint16_t prefix = 0;
  uint16_t count = 0;
  uint64_t words[kInnerChildren];
  uint32_t children[kInnerChildren];
};
static_assert(sizeof(Inner) == 800);

}  // namespace memgrid::storage
