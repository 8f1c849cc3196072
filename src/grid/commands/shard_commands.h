// Commands on the shard itself: its founding, its clock, its namespaces.

#pragma once

#include "grid/commands/bounds.h"
#include "grid/commands/change.h"
#include "grid/commands/command.h"
#include "grid/result.h"

namespace memgrid::grid {

void BoundFound(const BoundContext& context, const Command& command, storage::Need* need);
// The shard's secret, once: later ones change nothing.
void ApplyFound(Change& change, const Command& command, Result* result);

void BoundTick(const BoundContext& context, const Command& command, storage::Need* need);
// Moves the clock to the command's time; forgets sessions whose time has come.
void ApplyTick(Change& change, const Command& command, Result* result);

void BoundCreateNamespace(const BoundContext& context, const Command& command, storage::Need* need);
// kNamespaceTaken, kTooManySpaces. An unowned namespace becomes the caller's.
void ApplyCreateNamespace(Change& change, const Command& command, Result* result);

}  // namespace memgrid::grid
