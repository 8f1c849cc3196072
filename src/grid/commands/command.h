// A command: what a write does to one shard, as deterministic bytes.
//
// The head, little-endian:
//    0  1  version of this format (1)
//    1  1  kind
//    2  1  flags
//    3  1  zero
//    4  4  namespace number in the shard
//    8  8  first number   } meaning by kind, see Kind
//   16  8  second number  }
//   24  2  length of the name
//   26  2  zero
//   28  4  length of the operand
//   32     [client 16 B, sequence 8 B: flag kSession]  name  operand
// and nothing behind it. The payload, the one large argument, follows it in a log.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace memgrid::grid {

// Part of the format: numbers are never used again.
enum class CommandKind : uint8_t {
  kFound = 1,             // operand: the shard's secret. The first command of a shard
  kTick = 2,              // moves the clock to the command's time
  kCreateNamespace = 3,   // name; operand: the owner
  kPut = 4,               // key; first: milliseconds to live, 0 = for ever; payload: the value
  kRemove = 5,            // key
  kCompareAndSwap = 6,    // key; first: as kPut; second: expected version; operand: expected value
  kAllocateRegion = 7,    // region; first: size
  kWriteRegion = 8,       // region; first: offset; payload: the data
  kResizeRegion = 9,      // region; first: the new size
  kFreeRegion = 10,       // region
  kSwapRegionRange = 11,  // region; first: offset; operand: expected; payload: the new bytes
};
inline constexpr uint8_t kFirstCommand = 1;
inline constexpr uint8_t kLastCommand = 11;

enum CommandFlags : uint8_t {
  kSession = 1,        // carries client and sequence
  kExpectAbsent = 2,   // kCompareAndSwap
  kExpectVersion = 4,  // kCompareAndSwap
  kExpectValue = 8,    // kCompareAndSwap
};

// A client, as one number: nobody can aim at another's (sessions.h).
struct ClientId {
  uint64_t low = 0;
  uint64_t high = 0;
  friend bool operator==(const ClientId&, const ClientId&) = default;
  template <typename H>
  friend H AbslHashValue(H state, const ClientId& id) {
    return H::combine(std::move(state), id.low, id.high);
  }
};

// Views: of the bytes it was decoded from, or of what it will be encoded from.
struct Command {
  CommandKind kind = CommandKind::kTick;
  uint8_t flags = 0;
  uint32_t ns = 0;  // number in the shard; 0: the shard itself
  uint64_t first = 0;
  uint64_t second = 0;
  ClientId client;        // flag kSession
  uint64_t sequence = 0;  // flag kSession
  std::string_view name;  // at most 1,024 bytes
  std::string_view operand;
  std::string_view payload;

  bool has_session() const { return flags & kSession; }
};

inline constexpr size_t kCommandHeaderBytes = 32;
inline constexpr size_t kCommandSessionBytes = 24;

inline size_t EncodedSize(const Command& command) {
  return kCommandHeaderBytes + (command.has_session() ? kCommandSessionBytes : 0) +
         command.name.size() + command.operand.size();
}

// Writes the head of `command` (all but the payload) at `to`, which has EncodedSize bytes.
void EncodeCommand(const Command& command, char* to);

// The command of `head` and `payload`. DATA_LOSS, saying where, if it is not exactly one that
// EncodeCommand wrote.
absl::Status DecodeCommand(std::string_view head, std::string_view payload, Command* command);

}  // namespace memgrid::grid
