#include "grid/state_machine.h"

#include <algorithm>

#include "base/check.h"
#include "grid/commands/change.h"
#include "grid/commands/registry.h"
#include "grid/result.h"

namespace memgrid::grid {
namespace {

// True if the client's session decides: `result` is then the answer and nothing changes.
bool AnsweredBefore(const Sessions& sessions, const Command& command, Result* result) {
  const Session* const session = sessions.Find(command.client);
  if (session == nullptr || command.sequence > session->sequence) return false;
  if (command.sequence < session->sequence) {
    *result = {.reason = Reason::kOldSequence, .number = session->sequence};
  } else if (command.kind != session->kind) {
    *result = {.reason = Reason::kOtherCommand};
  } else {
    *result = session->result;
  }
  return true;
}

void Remember(Change& change, const Command& command, const Result& result) {
  Sessions& sessions = change.state().sessions();
  char name[kSessionNameBytes];
  ClientId oldest;
  Session session;
  if (sessions.Full() && sessions.Find(command.client) == nullptr &&
      sessions.Oldest(&oldest, &session)) {
    EncodeSessionName(oldest, name);
    change.RemoveGrid({name, sizeof name});
    sessions.Forget(oldest);
  }
  session = {.sequence = command.sequence,
             .used_ms = change.time_ms(),
             .kind = command.kind,
             .result = result};
  char body[kSessionBodyBytes];
  EncodeSessionName(command.client, name);
  EncodeSession(session, body);
  change.PutGrid(storage::Kind::kSession, {name, sizeof name}, {body, sizeof body});
  sessions.Set(command.client, session);
}

}  // namespace

void ShardMachine::Apply(uint64_t seq, uint64_t, uint64_t time_ms, const replication::Entry& entry,
                         replication::Answer& answer) {
  Command command;
  const absl::Status status = DecodeCommand(entry.head, entry.payload, &command);
  MEMGRID_CHECK(status.ok(), status.message());
  Result result;
  if (command.has_session() && AnsweredBefore(state_.sessions(), command, &result)) {
    ++repeated_;
  } else {
    Change change(state_, seq, std::max(time_ms, clock_ms()));
    RowOf(command.kind).apply(change, command, &result);
    if (command.has_session()) Remember(change, command, result);
    change.Commit();
  }
  char bytes[kResultBytes];
  EncodeResult(result, bytes);
  answer.Set({bytes, sizeof bytes});
}

}  // namespace memgrid::grid
