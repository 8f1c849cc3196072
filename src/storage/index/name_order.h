// The order of names, as the tree sees it: a name is a string of 5 bytes (namespace, big-endian, and space), then the
// name itself. Past its end it reads as zero bytes.

#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "base/copy.h"
#include "base/endian.h"
#include "storage/name.h"

namespace memgrid::storage {

inline constexpr size_t kNameHeadBytes = 5;

inline uint64_t HeadOf(const RootName& name) { return uint64_t{name.ns} << 8 | static_cast<uint8_t>(name.space); }

// < 0, 0, > 0.
inline int Compare(const RootName& a, const RootName& b) {
  const uint64_t head_a = HeadOf(a), head_b = HeadOf(b);
  if (head_a != head_b) return head_a < head_b ? -1 : 1;
  return a.name.compare(b.name);
}

inline uint8_t ByteAt(const RootName& name, size_t at) {
  if (at < kNameHeadBytes) return static_cast<uint8_t>(HeadOf(name) >> (8 * (kNameHeadBytes - 1 - at)));
  at -= kNameHeadBytes;
  return at < name.name.size() ? static_cast<uint8_t>(name.name[at]) : 0;
}

// The two bytes from `at`: in the order of the names, where these agree before `at`.
inline uint16_t HintAt(const RootName& name, size_t at) {
  return static_cast<uint16_t>(ByteAt(name, at) << 8 | ByteAt(name, at + 1));
}

// The same with eight bytes.
inline uint64_t WordAt(const RootName& name, size_t at) {
  if (at >= kNameHeadBytes && at - kNameHeadBytes + 8 <= name.name.size()) {
    return base::LoadBe64(name.name.data() + (at - kNameHeadBytes));
  }
  uint64_t word = 0;
  for (size_t i = 0; i < 8; ++i) word = word << 8 | ByteAt(name, at + i);
  return word;
}

// Bytes that the two have in common at their beginning.
inline size_t CommonPrefix(const RootName& a, const RootName& b) {
  size_t same = 0;
  if (HeadOf(a) != HeadOf(b)) {
    while (ByteAt(a, same) == ByteAt(b, same)) ++same;
    return same;
  }
  const size_t limit = std::min(a.name.size(), b.name.size());
  while (same < limit && a.name[same] == b.name[same]) ++same;
  return same + kNameHeadBytes;
}

// Compares the first `bytes` bytes of a name with those of `other`, which has that many.
inline int ComparePrefix(const RootName& name, const RootName& other, size_t bytes) {
  if (bytes <= kNameHeadBytes) {
    const auto shift = 8 * (kNameHeadBytes - bytes);
    const uint64_t a = HeadOf(name) >> shift, b = HeadOf(other) >> shift;
    return a < b ? -1 : a > b;
  }
  return Compare({name.ns, name.space, name.name.substr(0, bytes - kNameHeadBytes)},
                 {other.ns, other.space, other.name.substr(0, bytes - kNameHeadBytes)});
}

// The shortest name s with below < s ≤ above: a beginning of `above`. `below` < `above`.
inline RootName Separator(const RootName& below, const RootName& above) {
  const size_t same = CommonPrefix(below, above);
  const size_t keep = same < kNameHeadBytes ? 0 : same - kNameHeadBytes + 1;
  return {above.ns, above.space, above.name.substr(0, keep)};
}

// A name of its own, short ones in place: the lower end of what a node of the tree stands for.
class Fence {
 public:
  Fence() = default;  // the least name
  ~Fence() { Clear(); }
  Fence(const Fence&) = delete;
  Fence& operator=(const Fence&) = delete;

  // `name` may lie in this fence.
  void Set(const RootName& name) {
    char* heap = nullptr;
    if (name.name.size() > kInPlace) {
      heap = static_cast<char*>(std::malloc(name.name.size()));
      base::CopyBytes(heap, name.name);
      Clear();
      std::memcpy(bytes_, &heap, sizeof heap);
    } else {
      char bytes[kInPlace] = {};
      base::CopyBytes(bytes, name.name);
      Clear();
      std::memcpy(bytes_, bytes, sizeof bytes);
    }
    ns_ = name.ns;
    space_ = name.space;
    size_ = static_cast<uint16_t>(name.name.size());
  }
  RootName get() const { return {ns_, space_, {size_ > kInPlace ? Heap() : bytes_, size_}}; }
  // Of malloc's, its overhead included.
  size_t heap_bytes() const { return size_ > kInPlace ? (size_ + size_t{8 + 15}) / 16 * 16 : 0; }

 private:
  static constexpr size_t kInPlace = 16;

  char* Heap() const {
    char* heap;
    std::memcpy(&heap, bytes_, sizeof heap);
    return heap;
  }
  void Clear() {
    if (size_ > kInPlace) std::free(Heap());
    size_ = 0;
  }

  uint32_t ns_ = 0;
  Space space_ = Space::kKeys;
  uint16_t size_ = 0;
  char bytes_[kInPlace] = {};  // or a pointer to size_ bytes
};
static_assert(sizeof(Fence) == 24);

}  // namespace memgrid::storage
