// Every command there is: one row each. What a command does is in the file of its group.

#pragma once

#include <string_view>

#include "grid/commands/bounds.h"
#include "grid/commands/change.h"
#include "grid/commands/command.h"
#include "grid/result.h"
#include "storage/shard.h"

namespace memgrid::grid {

// What a namespace's caller must be allowed for a command.
enum class Access : uint8_t {
  kNone,    // the grid's own commands
  kOwner,   // the namespace's owner
  kAnyone,  // creates what it names
};

struct CommandRow {
  CommandKind kind;
  std::string_view name;  // for the log and metrics
  Access access;
  // Adds the most that the command can need to `need`.
  void (*bound)(const BoundContext& context, const Command& command, storage::Need* need);
  // Does it. Pure in (state, command, seq, time).
  void (*apply)(Change& change, const Command& command, Result* result);
};

const CommandRow& RowOf(CommandKind kind);

// The most that `command` and its session can need.
storage::Need NeedOf(const BoundContext& context, const Command& command);

}  // namespace memgrid::grid
