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
    {K::kFound, BoundFound, ApplyFound},
    {K::kTick, BoundTick, ApplyTick},
    {K::kCreateNamespace, BoundCreateNamespace, ApplyCreateNamespace},
    {K::kPut, BoundPut, ApplyPut},
    {K::kRemove, BoundRemove, ApplyRemove},
    {K::kCompareAndSwap, BoundPut, ApplyCompareAndSwap},
    {K::kAllocateRegion, BoundAllocate, ApplyAllocate},
    {K::kWriteRegion, BoundWrite, ApplyWrite},
    {K::kResizeRegion, BoundResize, ApplyResize},
    {K::kFreeRegion, BoundFree, ApplyFree},
    {K::kSwapRegionRange, BoundWrite, ApplySwapRange},
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
