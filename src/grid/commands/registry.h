// Every command there is: one row each. What a command does is in the file of its group.

#pragma once

#include "grid/commands/bounds.h"
#include "grid/commands/change.h"
#include "grid/commands/command.h"
#include "grid/result.h"
#include "storage/shard.h"

namespace memgrid::grid {

struct CommandRow {
  CommandKind kind;
  // Adds the most that the command can need to `need`.
  void (*bound)(const BoundContext& context, const Command& command, storage::Need* need);
  // Does it. Pure in (state, command, seq, time).
  void (*apply)(Change& change, const Command& command, Result* result);
};

const CommandRow& RowOf(CommandKind kind);

// The most that `command` and its session can need.
storage::Need NeedOf(const BoundContext& context, const Command& command);

}  // namespace memgrid::grid
