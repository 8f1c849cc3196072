#include "grid/commands/shard_commands.h"

#include <algorithm>

namespace memgrid::grid {
namespace {

constexpr std::string_view kSecretName = "c";

}  // namespace

void BoundFound(const BoundContext&, const Command& command, storage::Need* need) {
  AddRecord(need, kSecretName.size(), command.operand.size());
  need->creations += 1;
}

void ApplyFound(Change& change, const Command& command, Result*) {
  if (!change.state().secret().empty()) return;
  change.PutGrid(storage::Kind::kNamespaceMeta, kSecretName, command.operand);
  change.state().set_secret(command.operand);
}

void BoundTick(const BoundContext& context, const Command&, storage::Need* need) {
  AddRecord(need, 0, 8);
  const size_t forgotten = std::min(context.state.sessions().size(), kMostForgottenATick);
  need->records += static_cast<uint32_t>(forgotten);
  need->bytes += forgotten * RecordBytes(kSessionNameBytes, 0);
  need->frees = true;
}

void ApplyTick(Change& change, const Command&, Result*) {
  change.Tick();
  Sessions& sessions = change.state().sessions();
  ClientId client;
  Session session;
  for (size_t i = 0; i < kMostForgottenATick && sessions.Oldest(&client, &session); ++i) {
    if (session.used_ms + Sessions::kForgottenAfterMs > change.time_ms()) break;
    char name[kSessionNameBytes];
    EncodeSessionName(client, name);
    change.RemoveGrid({name, sizeof name});
    sessions.Forget(client);
  }
}

void BoundCreateNamespace(const BoundContext&, const Command& command, storage::Need* need) {
  AddRecord(need, 1 + command.name.size(), 4 + command.operand.size());
  need->creations += 1;
}

void ApplyCreateNamespace(Change& change, const Command& command, Result* result) {
  ShardState& state = change.state();
  NamespaceEntry* const present = state.FindNamespace(command.name);
  if (present != nullptr) {
    if (command.operand.empty() || present->owner() == command.operand) return;
    if (!present->owner().empty()) {
      result->reason = Reason::kNamespaceTaken;
      return;
    }
  } else if (state.NamespacesFull()) {
    result->reason = Reason::kTooManySpaces;
    result->number = ShardState::kMostNamespaces;
    return;
  }
  const uint32_t number = present != nullptr ? present->number() : state.NextNamespaceNumber();
  change.PutGrid(storage::Kind::kNamespaceMeta, NamespaceRecordName(command.name),
                 EncodeNamespace(number, command.operand));
  if (present != nullptr) {
    present->Claim(command.operand);
  } else {
    state.AddNamespace(command.name, number, command.operand);
  }
  result->version = change.seq();
}

}  // namespace memgrid::grid
