#include "grid/result.h"

#include "base/endian.h"
#include "base/status.h"
#include "grid/words.h"

namespace memgrid::grid {

void EncodeResult(const Result& result, char* to) {
  to[0] = static_cast<char>(result.reason);
  to[1] = result.swapped ? 1 : 0;
  base::StoreLe64(to + 2, result.version);
  base::StoreLe64(to + 10, result.number);
}

bool DecodeResult(std::string_view bytes, Result* result) {
  if (bytes.size() != kResultBytes) return false;
  const auto reason = static_cast<uint8_t>(bytes[0]);
  if (reason > static_cast<uint8_t>(Reason::kTooManySpaces) || (bytes[1] & ~1) != 0) return false;
  result->reason = static_cast<Reason>(reason);
  result->swapped = bytes[1] != 0;
  result->version = base::LoadLe64(bytes.data() + 2);
  result->number = base::LoadLe64(bytes.data() + 10);
  return true;
}

absl::Status StatusOf(const Result& result, const Command& command, std::string_view ns_name) {
  switch (result.reason) {
    case Reason::kOk:
      return absl::OkStatus();
    case Reason::kNoRegion:
      return NoRegion(command.name);
    case Reason::kRegionExists:
      return base::AlreadyExists("region \"", command.name, "\" exists");
    case Reason::kPastSize:
      return PastSize(command.first, command.payload.size(), result.number);
    case Reason::kPastMaximum:
      return base::OutOfRange("offset ", command.first, " + ", command.payload.size(),
                              " bytes is past the largest size of a region, ", result.number);
    case Reason::kWrongKind:
      return WrongKind(command.name);
    case Reason::kLost:
      return Lost(command.name);
    case Reason::kOldSequence:
      return base::FailedPrecondition("sequence ", command.sequence,
                                      " of this client_id is older than ", result.number,
                                      ", the last one answered");
    case Reason::kOtherCommand:
      return base::FailedPrecondition("sequence ", command.sequence,
                                      " of this client_id was used for another call");
    case Reason::kNamespaceTaken:
      return base::AlreadyExists("namespace \"", ns_name,
                                 "\" exists and belongs to another caller");
    case Reason::kTooManySpaces:
      return base::ResourceExhausted("namespace \"", ns_name, "\": its shard has ", result.number,
                                     " namespaces, the most that it can hold");
  }
  return base::Internal("unknown reason");
}

}  // namespace memgrid::grid
