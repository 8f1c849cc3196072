// The gRPC front end: listens, speaks gRPC over HTTP/2 on every loop, hands calls to services.
//
// Construct it before the loops start; destroy it after they have stopped (LoopGroup::Stop) and before the group goes.
// On every loop it registers a turn-end hook that sends answers: whoever tells the engine that a turn is over
// (base::Qsbr::TurnOver) must register after it.

#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "base/task.h"
#include "env/loop.h"
#include "frontend/grpc/call.h"
#include "frontend/grpc/counters.h"
#include "frontend/grpc/limits.h"

namespace memgrid::frontend::grpc {

class Server {
 public:
  // Serves `services`, and grpc.health.v1 and server reflection beside them. Method paths must differ (CHECK).
  Server(env::LoopGroup& loops, const Limits& limits, std::vector<Service> services);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Listens on `address` ("127.0.0.1:50051", port 0 takes a free one); connections are dealt round-robin to the loops.
  // Before the loops start or on loop 0. Errors as env::Network::Listen. May be called for several addresses.
  absl::Status Listen(std::string_view address);
  // Addresses listened on, with real ports.
  const std::vector<std::string>& addresses() const;

  // What health checks answer: `service` "" is the whole server. Everything starts as not serving. Any thread.
  void SetServing(std::string_view service, bool serving);

  // Ends politely: health says not serving, no new connection is taken, clients are told to go (GOAWAY), calls under way
  // go on for at most Limits::drain, then what is left is closed. `done` runs on loop 0. Any thread; once.
  void Drain(base::Task done);

  // Sums over all loops, at most a moment old. Any thread.
  Counters counters() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace memgrid::frontend::grpc
