// What all connections of one loop share.

#pragma once

#include <deque>
#include <memory>
#include <vector>

#include "env/clock.h"
#include "env/loop.h"
#include "frontend/grpc/block_pool.h"
#include "frontend/grpc/counters.h"
#include "frontend/grpc/deadline_wheel.h"
#include "frontend/grpc/gather.h"
#include "frontend/grpc/gzip.h"
#include "frontend/grpc/limits.h"
#include "frontend/grpc/method_table.h"
#include "observe/log.h"

namespace memgrid::frontend::grpc {

class ServerCall;

// Used by its loop only (the counters are read by others). Outlives sessions and calls.
class LoopContext {
 public:
  LoopContext(env::Loop& its_loop, const Limits& its_limits, const MethodTable& its_methods);
  ~LoopContext();
  LoopContext(const LoopContext&) = delete;
  LoopContext& operator=(const LoopContext&) = delete;

  // A slot for a new call; its generation has never been used with it.
  CallSlot* TakeSlot();
  // Handles of the call turn null.
  void ReturnSlot(CallSlot* slot);

  // Call objects, most of them used before.
  std::unique_ptr<ServerCall> NewCall();
  void Recycle(std::unique_ptr<ServerCall> call);

  // `call` is over and its handler must hear of it: in RunDone, outside all other callbacks.
  void AwaitDone(ServerCall* call) { done_.push_back(call); }
  void RunDone();
  bool has_done() const { return !done_.empty(); }

  env::Loop& loop;
  const Limits& limits;
  const MethodTable& methods;
  LoopCounters counters;
  DeadlineWheel wheel;
  BlockPool nghttp2_memory;
  Gzip gzip;
  Gather gather;
  observe::Limiter punish_log;
  // What is received is read into this and worked off at once.
  std::vector<char> read_buffer;
  // Time of the event under way: read once for what was received together.
  env::Nanos now;

 private:
  std::deque<CallSlot> slots_;  // never given back: handles may look into them for ever
  std::vector<CallSlot*> free_slots_;
  std::vector<std::unique_ptr<ServerCall>> free_calls_;
  std::vector<ServerCall*> done_;
};

}  // namespace memgrid::frontend::grpc
