#include "grid/commands/keys.h"

#include "grid/commands/compare.h"

namespace memgrid::grid {
namespace {

storage::RootName KeyOf(const Command& command) {
  return {command.ns, storage::Space::kKeys, command.name};
}

// first: milliseconds to live. Cannot overflow: times and lifetimes are both below 2^63.
uint64_t ExpiryOf(const Change& change, const Command& command) {
  return command.first == 0 ? 0 : change.time_ms() + command.first;
}

bool Matches(const Command& command, const storage::ValueRead& present) {
  const bool there = present.outcome == storage::ReadOutcome::kFound;
  if ((command.flags & kExpectAbsent) != 0) return !there;
  if (!there) return false;
  if ((command.flags & kExpectVersion) != 0 && present.seq != command.second) return false;
  return (command.flags & kExpectValue) == 0 || Equal(present.payload, command.operand);
}

}  // namespace

void BoundPut(const BoundContext& context, const Command& command, storage::Need* need) {
  AddValue(need, context.max_record, command.name.size(), command.payload.size());
}

void ApplyPut(Change& change, const Command& command, Result* result) {
  change.PutValue(KeyOf(command), ExpiryOf(change, command), command.payload);
  result->version = change.seq();
}

void BoundRemove(const BoundContext&, const Command& command, storage::Need* need) {
  AddRecord(need, command.name.size(), 0);
  need->frees = true;
}

void ApplyRemove(Change& change, const Command& command, Result* result) {
  if (change.RemoveKey(KeyOf(command))) result->version = change.seq();
}

void ApplyCompareAndSwap(Change& change, const Command& command, Result* result) {
  const storage::ValueRead present = change.Read(KeyOf(command));
  if (present.outcome == storage::ReadOutcome::kWrongKind) {
    result->reason = Reason::kWrongKind;
    return;
  }
  if (present.outcome == storage::ReadOutcome::kLost) {
    result->reason = Reason::kLost;
    return;
  }
  result->swapped = Matches(command, present);
  if (result->swapped) {
    change.PutValue(KeyOf(command), ExpiryOf(change, command), command.payload);
    result->version = change.seq();
  } else if (present.outcome == storage::ReadOutcome::kFound) {
    result->version = present.seq;
  }
}

}  // namespace memgrid::grid
