// The gRPC front end of one loop: its connections, and what happens at the end of a turn.

#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "base/task.h"
#include "env/loop.h"
#include "env/network.h"
#include "frontend/grpc/connection.h"
#include "frontend/grpc/loop_context.h"

namespace memgrid::frontend::grpc {

// Used by its loop; made before the loop starts and destroyed after it has stopped.
class LoopServer final : private ConnectionOwner {
 public:
  // `open_connections`: of all loops together, for the limit.
  LoopServer(env::Loop& loop, const Limits& limits, const MethodTable& methods,
             std::atomic<uint32_t>& open_connections);
  ~LoopServer() override;

  void Accept(std::unique_ptr<env::Connection> connection);
  // No new connections; those there are drain. `done` runs on this loop when none is left, at the latest after
  // Limits::drain.
  void Drain(base::Task done);

  const LoopCounters& counters() const { return context_.counters; }

 private:
  void OnDirty(ServerConnection& connection) override { dirty_.push_back(&connection); }
  void OnClosed(ServerConnection& connection) override { closed_.push_back(&connection); }
  void TurnEnd();
  void FlushDirty();
  void GiveBackWanted();
  bool CloseSlowest();
  void DestroyClosed();
  void Tick();
  void ArmTick();
  void GiveBackMemory();
  void FinishDrain();
  void CloseAll();
  void CheckDrained();

  LoopContext context_;
  std::atomic<uint32_t>& open_connections_;
  std::vector<std::unique_ptr<ServerConnection>> connections_;
  std::vector<ServerConnection*> dirty_;
  std::vector<ServerConnection*> flushing_;
  std::vector<ServerConnection*> holding_;  // refer to memory of the engine
  std::vector<ServerConnection*> closed_;
  env::Loop::TimerId tick_ = 0;
  size_t most_connections_ = 0;  // since memory was given back
  bool draining_ = false;
  env::Loop::TimerId drain_timer_ = 0;
  base::Task drained_;
};

}  // namespace memgrid::frontend::grpc
