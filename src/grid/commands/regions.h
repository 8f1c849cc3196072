// Commands that change one region. Results: version is that of the last write to the region.

#pragma once

#include "grid/commands/bounds.h"
#include "grid/commands/change.h"
#include "grid/commands/command.h"
#include "grid/result.h"

namespace memgrid::grid {

void BoundAllocate(const BoundContext& context, const Command& command, storage::Need* need);
// kRegionExists; number: the size.
void ApplyAllocate(Change& change, const Command& command, Result* result);

void BoundWrite(const BoundContext& context, const Command& command, storage::Need* need);
// kNoRegion, kPastMaximum; number: the bytes written. Without data nothing changes.
void ApplyWrite(Change& change, const Command& command, Result* result);

void BoundResize(const BoundContext& context, const Command& command, storage::Need* need);
// kNoRegion, kPastMaximum; number: the size.
void ApplyResize(Change& change, const Command& command, Result* result);

void BoundFree(const BoundContext& context, const Command& command, storage::Need* need);
// kNoRegion.
void ApplyFree(Change& change, const Command& command, Result* result);

// kNoRegion, kPastSize; swapped.
void ApplySwapRange(Change& change, const Command& command, Result* result);

}  // namespace memgrid::grid
