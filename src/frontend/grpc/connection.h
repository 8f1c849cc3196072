// One client's connection: moves bytes between env::Connection and Session, and ends what is idle, stalled or abusive.

#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "env/network.h"
#include "frontend/grpc/outgoing.h"
#include "frontend/grpc/session.h"

namespace memgrid::frontend::grpc {

class LoopContext;

// Who looks after connections.
class ConnectionOwner {
 public:
  virtual ~ConnectionOwner() = default;
  // Flush is to be called at the end of the turn.
  virtual void OnDirty(class ServerConnection& connection) = 0;
  // The connection is closed and may be destroyed at the end of the turn.
  virtual void OnClosed(class ServerConnection& connection) = 0;
};

class ServerConnection final : public env::ConnectionHandler, private SessionHost {
 public:
  ServerConnection(LoopContext& context, ConnectionOwner& owner, std::unique_ptr<env::Connection> connection);
  ~ServerConnection() override;

  // Sends what has gathered, in one write.
  void Flush();
  // What lies in memory of the engine and was not sent in this turn is kept. After Flush, in the same turn.
  void KeepUnsent();
  // Copies what reclaim asks back.
  void GiveBackWanted();
  bool holds_engine_memory() const { return !held_.empty(); }
  // Such copies are not yet sent.
  bool HasCopies();

  // Looks for time-outs; about once a second.
  void Tick(env::Nanos now);
  void BeginDrain() { session_.BeginDrain(); }
  void FinishDrain() { session_.FinishDrain(); }
  // Ends it at once; unsent bytes are dropped.
  void Close();

  bool closed() const { return closed_; }
  // When the client's side last took something.
  env::Nanos last_progress() const { return last_progress_; }

  // Bookkeeping of the owner.
  bool dirty = false;
  size_t position = 0;

 private:
  // Bytes given to no kernel yet, in order.
  struct Unsent {
    env::IoSlice slice;
    OutgoingRef owner;  // empty: in unsent_block_
  };
  enum class State : uint8_t { kServing, kLingering };

  void OnReadable() override;
  void OnWritable() override;
  void OnClosed() override;
  void OnOutput() override;
  void OnEngineMemory(OutgoingRef outgoing) override { unkept_.push_back(std::move(outgoing)); }

  void KeepRest(size_t sent);
  void AfterWrite();
  void CopyUnsentOf(const Outgoing* outgoing);

  LoopContext& context_;
  ConnectionOwner& owner_;
  std::unique_ptr<env::Connection> connection_;
  Session session_;
  std::vector<Unsent> unsent_;
  std::unique_ptr<char[]> unsent_block_;
  std::vector<std::unique_ptr<char[]>> unsent_copies_;  // of bytes in unsent_ that reclaim asked back
  std::vector<OutgoingRef> unkept_;              // sent in this turn
  std::vector<OutgoingRef> held_;                // with holds
  std::vector<OutgoingRef> copied_;              // given back
  const env::Nanos accepted_;
  env::Nanos last_received_;
  env::Nanos last_progress_;
  env::Nanos pinged_{0};  // 0: no PING is unanswered
  env::Nanos linger_from_{0};
  size_t discarded_ = 0;
  State state_ = State::kServing;
  bool closed_ = false;
};

}  // namespace memgrid::frontend::grpc
