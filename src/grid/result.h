// How a command ended, as the state machine says it: the same on every replica, a few bytes, kept
// in sessions.

#pragma once

#include <cstdint>
#include <string_view>

#include "absl/status/status.h"
#include "grid/commands/command.h"
#include "grid/requests.h"
#include "replication/state_machine.h"

namespace memgrid::grid {

// Part of the format of sessions: numbers are never used again.
enum class Reason : uint8_t {
  kOk = 0,
  kNoRegion = 1,        // NOT_FOUND
  kRegionExists = 2,    // ALREADY_EXISTS
  kPastSize = 3,        // OUT_OF_RANGE; number: the size
  kPastMaximum = 4,     // OUT_OF_RANGE; number: the region's maximum
  kWrongKind = 5,       // FAILED_PRECONDITION: the name is another kind's
  kLost = 6,            // DATA_LOSS
  kOldSequence = 7,     // FAILED_PRECONDITION; number: the client's last
  kOtherCommand = 8,    // FAILED_PRECONDITION: the sequence was another kind of command's
  kNamespaceTaken = 9,  // ALREADY_EXISTS
  kTooManySpaces = 10,  // RESOURCE_EXHAUSTED; number: the most namespaces of a shard
};

struct Result {
  Reason reason = Reason::kOk;
  bool swapped = false;
  uint64_t version = 0;
  uint64_t number = 0;

  friend bool operator==(const Result&, const Result&) = default;
};

inline constexpr size_t kResultBytes = 18;

// `to` has kResultBytes bytes.
void EncodeResult(const Result& result, char* to);
// False if `bytes` are not what EncodeResult wrote.
bool DecodeResult(std::string_view bytes, Result* result);

// What the caller is told: OK, or the refusal with the names of its request.
absl::Status StatusOf(const Result& result, const Command& command, std::string_view ns_name);

inline WriteAnswer AnswerOf(const Result& result) {
  return {.version = result.version, .number = result.number, .swapped = result.swapped};
}

}  // namespace memgrid::grid
