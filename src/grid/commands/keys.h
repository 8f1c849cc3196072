// Commands that change one key.

#pragma once

#include "grid/commands/bounds.h"
#include "grid/commands/change.h"
#include "grid/commands/command.h"
#include "grid/result.h"

namespace memgrid::grid {

// kPut, kCompareAndSwap.
void BoundPut(const BoundContext& context, const Command& command, storage::Need* need);
// version: the command's.
void ApplyPut(Change& change, const Command& command, Result* result);

void BoundRemove(const BoundContext& context, const Command& command, storage::Need* need);
// version: the command's, or 0 if there was no such key.
void ApplyRemove(Change& change, const Command& command, Result* result);

// swapped; version: of what is there now, 0 for nothing.
void ApplyCompareAndSwap(Change& change, const Command& command, Result* result);

}  // namespace memgrid::grid
