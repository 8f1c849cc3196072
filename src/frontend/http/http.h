// The HTTP front end: HTTP/1.1 over env/network, for metrics and health (data and administration
// come with FrameDB).
//
//   GET /healthz   200 "ok" while the process runs
//   GET /readyz    200 "ready", or 503 with the reason
//   GET /metrics   Prometheus' text format
//
// Anything else answers 404, another method 405, a malformed or too large request 400/413/431 and a
// closed connection.
//
// Threads: construct and Listen before the loops start or on loop 0; destroy after they have
// stopped.

#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "env/loop.h"
#include "observe/metrics.h"

namespace memgrid::frontend::http {

// What one client may cost.
struct Limits {
  size_t connections = 1024;  // a loop; more are closed as they are accepted
  size_t header_bytes = 16 << 10;
  size_t body_bytes = 1 << 20;
  size_t pipelined = 16;                  // answers queued; reading pauses there
  env::Nanos idle = env::Millis(60'000);  // between requests, and for a whole request to arrive
  env::Nanos write_stall = env::Millis(30'000);
};

struct Counters {
  uint64_t connections = 0;  // open now
  uint64_t requests = 0;     // answered
  uint64_t refused = 0;      // malformed or too large
};

// An answer. `body` is text.
struct Response {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
};

// A path that is answered: called on the loop of the connection.
struct Route {
  std::string path;
  std::function<Response()> get;
};

class Server {
 public:
  Server(env::LoopGroup& loops, const Limits& limits, std::vector<Route> routes);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Errors as env::Network::Listen.
  absl::Status Listen(std::string_view address);
  // With the real port; empty before Listen.
  std::string address() const;

  // Sums over all loops. Any thread.
  Counters counters() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

// The three routes above. `metrics` outlives them; `ready` gives "" or why not; it is called by any
// loop.
std::vector<Route> StandardRoutes(const observe::Metrics& metrics,
                                  std::function<std::string()> ready);

}  // namespace memgrid::frontend::http
