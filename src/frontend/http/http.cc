#include "frontend/http/http.h"

#include "env/network.h"
#include "frontend/http/connection.h"

namespace memgrid::frontend::http {

class Server::Impl {
 public:
  Impl(env::LoopGroup& loops, const Limits& limits, std::vector<Route> routes)
      : limits_(limits), routes_(std::move(routes)) {
    for (int i = 0; i < loops.size(); ++i) {
      loops_.push_back(&loops.loop(i));
      doors_.push_back(
          std::make_unique<Door>(loops.loop(i), limits_, routes_));
    }
  }

  absl::Status Listen(std::string_view address) {
    auto listener = loops_[0]->network().Listen(
        address, loops_, [this](env::Loop& loop, std::unique_ptr<env::Connection> connection) {
          HttpConnection::Serve(*doors_[static_cast<size_t>(loop.index())], std::move(connection));
        });
    if (!listener.ok()) return listener.status();
    listener_ = *std::move(listener);
    return absl::OkStatus();
  }

  Counters counters() const {
    Counters sum;
    for (const auto& door : doors_) {
      sum.connections += door->connections.get();
      sum.requests += door->requests.get();
      sum.refused += door->refused.get();
    }
    return sum;
  }

  std::string address() const { return listener_ ? std::string(listener_->address()) : ""; }

 private:
  const Limits limits_;
  const std::vector<Route> routes_;
  std::vector<env::Loop*> loops_;
  std::vector<std::unique_ptr<Door>> doors_;
  std::unique_ptr<env::Listener> listener_;
};

Server::Server(env::LoopGroup& loops, const Limits& limits, std::vector<Route> routes)
    : impl_(std::make_unique<Impl>(loops, limits, std::move(routes))) {}
Server::~Server() = default;
absl::Status Server::Listen(std::string_view address) { return impl_->Listen(address); }
std::string Server::address() const { return impl_->address(); }
Counters Server::counters() const { return impl_->counters(); }

std::vector<Route> StandardRoutes(const observe::Metrics& metrics,
                                  std::function<std::string()> ready) {
  return {
      {"/healthz", [] { return Response{.body = "ok\n"}; }},
      {"/readyz",
       [ready = std::move(ready)] {
         const std::string why_not = ready();
         if (why_not.empty()) return Response{.body = "ready\n"};
         return Response{.status = 503, .body = why_not + "\n"};
       }},
      {"/metrics",
       [&metrics] {
         return Response{.content_type = "text/plain; version=0.0.4; charset=utf-8",
                         .body = metrics.Text()};
       }},
  };
}

}  // namespace memgrid::frontend::http
