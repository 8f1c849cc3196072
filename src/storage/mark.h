// Marks: at offset 0 of every wblock (there the mark is the wblock's header) and at the start of every flush, aligned to
// the I/O unit. A mark says which life of the wblock this is, and what was durable when it was issued; recovery knows from
// marks alone where the log ends and what may be claimed. Layout: docs/formats/shadow.md.

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "storage/wblock.h"

namespace memgrid::storage {

inline constexpr uint32_t kMarkBytes = 72;

struct Mark {
  uint64_t incarnation = 0;  // boot epoch in the upper half
  uint16_t shard = 0;
  StreamKind stream = StreamKind::kHead;
  // All wblocks of the stream before this one were durable to their ends when the mark was issued.
  bool earlier_durable = false;
  uint32_t shard_epoch = 0;
  uint32_t number = 0;        // of the wblock in its stream since boot
  uint32_t prior_length = 0;  // bytes that wblock number - 1 was filled to
  uint64_t persisted = 0;     // when the flush was issued
  uint64_t applied = 0;       // head: commands up to it, also those without record, lie before this mark
  uint64_t last = 0;          // seq of the stream's last record before this mark
  uint64_t clock_ms = 0;      // the shard's, when the mark was placed
  uint32_t durable = 0;       // bytes of this wblock that were contiguously durable when issued
  uint32_t flushed = 0;       // end of the flush before this one in this wblock: records go on behind this mark

  uint32_t boot_epoch() const { return static_cast<uint32_t>(incarnation >> 32); }
};

// Number of a mark that belongs to no stream: of a wblock that was given back (free_marks.h).
inline constexpr uint32_t kFreeMarkNumber = ~uint32_t{0};

// Where a mark lies: a mark that was written somewhere else does not pass.
struct MarkPlace {
  uint32_t set = 0;     // checksum of the store's uuid
  uint32_t stripe = 0;
  uint32_t wblock = 0;  // in the stripe
  uint32_t offset = 0;  // in the wblock
};

// Writes kMarkBytes at `at`.
void WriteMark(char* at, const Mark& mark, const MarkPlace& place);

// The mark at `at`, of which kMarkBytes may be read; nothing if there is none that belongs here.
std::optional<Mark> ReadMark(const char* at, const MarkPlace& place);

}  // namespace memgrid::storage
