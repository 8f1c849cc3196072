// Records: what is appended to a wblock. Layout: docs/formats/shadow.md. Little-endian, aligned to 8 bytes.
//
//   at  size  field
//    0   4    CRC32C of bytes 4..end, seeded with (incarnation of the wblock, offset in it)
//    4   4    length in units of 8 B (20 bits, header included), kind (5), flags (7)
//    8   8    seq (56), pad bytes at the end (3), space of the name (2), spare (3, zero)
//   16   4    namespace number in the shard
//   20   2    key length
//   22   2    head check: CRC-16 of bytes 4..21 and the key
//   24        [expiry u64 ms]  key  body  pad

#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

#include "storage/name.h"

namespace memgrid::storage {

enum class Kind : uint8_t {
  kValue = 1,
  kValueRoot = 2,   // body: total length u64, chunks u32
  kChunk = 3,       // body: hash of the root's name u64, number u32, bytes; seq = its root's
  kRegionMeta = 4,  // body: region id u64 (= seq of creation), size u64, data length u64, maximum u64
  kExtent = 5,      // body: region id u64, first byte offset u64, bytes: whole pages, or with kPatch a part of one page
  kHole = 6,        // body: region id u64, offset u64, length u64
  kQueueMeta = 7,
  kElement = 8,
  kElementRemoval = 9,
  kTombstone = 10,      // no body
  kNamespaceMeta = 11,  // body: grid's
  kSession = 12,        // body: grid's
  kClock = 13,          // body: u64 ms
  kPad = 14,            // dead from birth
};

// Record flags (7 bits).
inline constexpr uint8_t kMore = 1;    // more records of this command follow
inline constexpr uint8_t kExpiry = 2;  // an expiry field follows the header
inline constexpr uint8_t kCompressed = 4;
inline constexpr uint8_t kExtra = 8;
inline constexpr uint8_t kPatch = 16;  // of extents: a part of one page

inline constexpr size_t kRecordHeaderBytes = 24;
inline constexpr uint64_t kMaxSeq = (uint64_t{1} << 56) - 1;

// A complete record in memory. A view: valid as long as its wblock is not used again (this turn, or while held).
class RecordView {
 public:
  RecordView() = default;
  explicit RecordView(const char* at) : at_(at) {}

  const char* address() const { return at_; }
  uint32_t crc() const { return Load<uint32_t>(0); }
  size_t length() const { return size_t{Load<uint32_t>(4) & 0xFFFFFu} * 8; }  // header and pad included
  Kind kind() const { return static_cast<Kind>((Load<uint32_t>(4) >> 20) & 31u); }
  uint8_t flags() const { return static_cast<uint8_t>(Load<uint32_t>(4) >> 25); }
  bool more() const { return flags() & kMore; }
  uint64_t seq() const { return Load<uint64_t>(8) & kMaxSeq; }
  size_t pad() const { return (Load<uint64_t>(8) >> 56) & 7u; }
  Space space() const { return static_cast<Space>((Load<uint64_t>(8) >> 59) & 3u); }
  uint32_t ns() const { return Load<uint32_t>(16); }
  size_t key_length() const { return Load<uint16_t>(20); }
  uint16_t head_check() const { return Load<uint16_t>(22); }
  // Unix ms; 0 = never.
  uint64_t expiry_ms() const { return (flags() & kExpiry) ? Load<uint64_t>(kRecordHeaderBytes) : 0; }
  std::string_view key() const { return {at_ + KeyOffset(), key_length()}; }
  std::string_view body() const {
    const size_t from = KeyOffset() + key_length();
    return {at_ + from, length() - pad() - from};
  }
  RootName name() const { return {ns(), space(), key()}; }

 private:
  template <typename T>
  T Load(size_t offset) const {
    T value;
    std::memcpy(&value, at_ + offset, sizeof(T));
    return value;
  }
  size_t KeyOffset() const { return kRecordHeaderBytes + ((flags() & kExpiry) ? 8 : 0); }

  const char* at_ = nullptr;
};

}  // namespace memgrid::storage
