// What the index holds for a name: 8 bytes, read and written whole.

#pragma once

#include <atomic>
#include <cstdint>

#include "storage/record.h"

namespace memgrid::storage {

// In memory only. A root that is more than one record (a chunked value, a region) is found through a node, which
// leads to the root's record and to its parts. Changed by the owner of the shard; read by any loop within a turn.
struct Node {
  // Address of the root record (its name is read there). Swung by defrag.
  std::atomic<const char*> record{nullptr};
};

enum class Form : uint8_t {
  kNone = 0,
  kValue = 1,      // address of a record that is the whole root
  kTombstone = 2,  // address of a tombstone, or of an expired record that serves as its own
  kNode = 3,       // address of a Node
  kLost = 4,       // address of a record whose body is rotten: reads answer DATA_LOSS until it is written again
};

// Tag of the hash (16 bits, the index's own), address in units of 8 B (44 bits), form (4 bits).
class Slot {
 public:
  constexpr Slot() = default;
  explicit constexpr Slot(uint64_t bits) : bits_(bits) {}
  Slot(Form form, const void* address)
      : bits_((reinterpret_cast<uint64_t>(address) >> 3) << 4 | static_cast<uint64_t>(form)) {}

  Form form() const { return static_cast<Form>(bits_ & 15u); }
  explicit operator bool() const { return form() != Form::kNone; }
  const char* address() const {
    return reinterpret_cast<const char*>(((bits_ >> 4) & ((uint64_t{1} << 44) - 1)) << 3);
  }
  Node* node() const { return reinterpret_cast<Node*>(const_cast<char*>(address())); }  // form kNode
  // The root's record, through the node where there is one.
  RecordView record() const {
    return RecordView(form() == Form::kNode ? node()->record.load(std::memory_order_acquire) : address());
  }
  // A key that is there for readers (value, node, lost), not a tombstone.
  bool live() const { return form() == Form::kValue || form() == Form::kNode || form() == Form::kLost; }

  uint64_t bits() const { return bits_; }
  uint16_t tag() const { return static_cast<uint16_t>(bits_ >> 48); }
  Slot with_tag(uint16_t tag) const {
    return Slot((bits_ & ((uint64_t{1} << 48) - 1)) | uint64_t{tag} << 48);
  }
  // Equal but for the tag.
  bool same(Slot other) const { return (bits_ << 16) == (other.bits_ << 16); }

 private:
  uint64_t bits_ = 0;
};

}  // namespace memgrid::storage
