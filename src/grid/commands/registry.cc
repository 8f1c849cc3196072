#include "grid/commands/registry.h"

#include <array>

#include "grid/commands/keys.h"
#include "grid/commands/regions.h"
#include "grid/commands/shard_commands.h"

namespace memgrid::grid {
namespace {

using K = CommandKind;

// In the order of the kinds.
constexpr std::array<CommandRow, kLastCommand> kRows = {{
    {K::kFound, "found", Access::kNone, BoundFound, ApplyFound},
    {K::kTick, "tick", Access::kNone, BoundTick, ApplyTick},
    {K::kCreateNamespace, "create_namespace", Access::kAnyone, BoundCreateNamespace,
     ApplyCreateNamespace},
    {K::kPut, "put", Access::kOwner, BoundPut, ApplyPut},
    {K::kRemove, "remove", Access::kOwner, BoundRemove, ApplyRemove},
    {K::kCompareAndSwap, "compare_and_swap", Access::kOwner, BoundPut, ApplyCompareAndSwap},
    {K::kAllocateRegion, "allocate_region", Access::kOwner, BoundAllocate, ApplyAllocate},
    {K::kWriteRegion, "write_region", Access::kOwner, BoundWrite, ApplyWrite},
    {K::kResizeRegion, "resize_region", Access::kOwner, BoundResize, ApplyResize},
    {K::kFreeRegion, "free_region", Access::kOwner, BoundFree, ApplyFree},
    {K::kSwapRegionRange, "swap_region_range", Access::kOwner, BoundWrite, ApplySwapRange},
}};

consteval bool InOrder() {
  for (size_t i = 0; i < kRows.size(); ++i) {
    if (static_cast<size_t>(kRows[i].kind) != i + kFirstCommand) return false;
  }
  return true;
}
static_assert(InOrder());

}  // namespace

const CommandRow& RowOf(CommandKind kind) {
  return kRows[static_cast<size_t>(kind) - kFirstCommand];
}

storage::Need NeedOf(const BoundContext& context, const Command& command) {
  storage::Need need;
  RowOf(command.kind).bound(context, command, &need);
  if (command.has_session()) {
    AddRecord(&need, kSessionNameBytes, kSessionBodyBytes);
    need.creations += 1;
    if (context.state.sessions().Full()) AddRecord(&need, kSessionNameBytes, 0);
  }
  return need;
}

}  // namespace memgrid::grid
