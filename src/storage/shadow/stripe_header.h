// The header of a stripe and the shard table behind it: what is known before any wblock is looked at.
//
// Two copies, at 0 and at half of wblock 0, are written in turn and never together, so that one is always whole; the valid
// one of greatest generation counts. Layout: docs/formats/shadow.md.

#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "storage/geometry.h"
#include "storage/name.h"

namespace memgrid::storage {

// Records of wblocks of this boot with a greater seq are void: they were written after the state that recovery went back
// to, and their numbers are used again.
struct Cut {
  uint32_t boot_epoch = 0;
  uint64_t seq = 0;

  friend bool operator==(const Cut&, const Cut&) = default;
};

inline constexpr size_t kMaxCuts = 18;

enum class ShardTableState : uint8_t { kLive = 0, kInstalling = 1, kDropped = 2, kDamaged = 3 };

struct ShardEntry {
  ShardTableState state = ShardTableState::kLive;
  uint32_t epoch = 1;
  uint64_t base_seq = 0;   // of an installed snapshot
  uint64_t base_term = 0;
  absl::InlinedVector<Cut, kMaxCuts> cuts;  // by boot, oldest first; the last one is that of the latest recovery

  friend bool operator==(const ShardEntry&, const ShardEntry&) = default;
};

struct StripeHeader {
  static constexpr uint32_t kClean = 1;      // closed in order
  static constexpr uint32_t kEncrypted = 2;  // not yet written by any version
  static constexpr uint32_t kHasTable = 4;

  uint32_t flags = kHasTable;
  std::array<char, 16> uuid{};  // of the set
  uint16_t stripe = 0;
  uint16_t stripes = 1;
  uint8_t wblock_shift = 20;
  uint8_t io_shift = 12;
  uint16_t shards = 1;
  uint64_t wblocks = 0;      // in this stripe, the header's included
  uint64_t generation = 0;
  uint32_t boot_epoch = 0;
  uint32_t highest = 0;      // wblocks beyond were never opened; raised before they are
  HashSeed seed;
  uint64_t created_ms = 0;   // Unix
  std::vector<ShardEntry> table;

  friend bool operator==(const StripeHeader& a, const StripeHeader& b);
};

// Writes a copy, with its table, into `at`: geometry.header_copy_bytes() of it, the rest zeroed.
void WriteStripeHeader(const StripeHeader& header, char* at, size_t bytes);

// What a place where a copy could be holds.
enum class HeaderFound : uint8_t {
  kGood,
  kBlank,     // zeros
  kForeign,   // something that is no stripe header
  kChecksum,  // a header of ours whose bytes have changed
  kVersion,   // a format that this program does not know
};

// Reads a copy from `bytes` (at least 4,096, the table behind it as far as it is given). `*header` is set for kGood only;
// `*major` for kVersion. Never reads past, whatever the bytes are.
HeaderFound ReadStripeHeader(std::string_view bytes, StripeHeader* header, uint16_t* major);

}  // namespace memgrid::storage
