#include "frontend/grpc/server.h"

#include <atomic>
#include <utility>

#include "env/network.h"
#include "frontend/grpc/health_service.h"
#include "frontend/grpc/loop_server.h"
#include "frontend/grpc/method_table.h"
#include "frontend/grpc/reflection_service.h"

namespace memgrid::frontend::grpc {
namespace {

std::vector<std::string> Names(const std::vector<Service>& services) {
  std::vector<std::string> names;
  for (const Service& service : services) names.push_back(service.name);
  return names;
}

}  // namespace

class Server::Impl {
 public:
  Impl(env::LoopGroup& loops, const Limits& limits, std::vector<Service> services)
      : loops_(loops),
        limits_(limits),
        health_(loops, Names(services)),
        services_(WithCommon(std::move(services))),
        methods_(services_) {
    for (int i = 0; i < loops.size(); ++i) {
      servers_.push_back(std::make_unique<LoopServer>(loops.loop(i), limits_, methods_, open_connections_));
    }
  }

  absl::Status Listen(std::string_view address) {
    std::vector<env::Loop*> loops;
    for (int i = 0; i < loops_.size(); ++i) loops.push_back(&loops_.loop(i));
    auto listener = loops_.loop(0).network().Listen(
        address, loops, [this](env::Loop& loop, std::unique_ptr<env::Connection> connection) {
          servers_[static_cast<size_t>(loop.index())]->Accept(std::move(connection));
        });
    if (!listener.ok()) return listener.status();
    addresses_.emplace_back((*listener)->address());
    listeners_.push_back(*std::move(listener));
    return absl::OkStatus();
  }

  void Drain(base::Task done) {
    drained_ = std::move(done);
    for (const std::string& name : Names(services_)) health_.Set(name, false);
    health_.Set("", false);
    draining_loops_ = loops_.size();
    loops_.loop(0).Post([this] {
      listeners_.clear();
      for (int i = 0; i < loops_.size(); ++i) {
        env::Loop& loop = loops_.loop(i);
        loop.Post([this, i, &loop] {
          health_.EndWatches(loop);
          servers_[static_cast<size_t>(i)]->Drain([this] { OnLoopDrained(); });
        });
      }
    });
  }

  Counters Sum() const {
    Counters sum;
    for (const auto& server : servers_) {
#define MEMGRID_GRPC_ADD(name, kind, unit, help) sum.name += server->counters().name.get();
      MEMGRID_GRPC_COUNTERS(MEMGRID_GRPC_ADD)
#undef MEMGRID_GRPC_ADD
    }
    return sum;
  }

  const std::vector<std::string>& addresses() const { return addresses_; }
  HealthService& health() { return health_; }

 private:
  std::vector<Service> WithCommon(std::vector<Service> services) {
    services.push_back(health_.MakeService());
    for (Service& service : MakeReflectionServices(Names(services))) services.push_back(std::move(service));
    return services;
  }

  void OnLoopDrained() {
    if (draining_loops_.fetch_sub(1) == 1) loops_.loop(0).Post(std::move(drained_));
  }

  env::LoopGroup& loops_;
  const Limits limits_;
  HealthService health_;
  const std::vector<Service> services_;
  const MethodTable methods_;
  std::atomic<uint32_t> open_connections_{0};
  std::vector<std::unique_ptr<LoopServer>> servers_;
  std::vector<std::unique_ptr<env::Listener>> listeners_;
  std::vector<std::string> addresses_;
  base::Task drained_;
  std::atomic<int> draining_loops_{0};
};

Server::Server(env::LoopGroup& loops, const Limits& limits, std::vector<Service> services)
    : impl_(std::make_unique<Impl>(loops, limits, std::move(services))) {}

Server::~Server() = default;

absl::Status Server::Listen(std::string_view address) { return impl_->Listen(address); }

const std::vector<std::string>& Server::addresses() const { return impl_->addresses(); }

void Server::SetServing(std::string_view service, bool serving) { impl_->health().Set(service, serving); }

void Server::Drain(base::Task done) { impl_->Drain(std::move(done)); }

Counters Server::counters() const { return impl_->Sum(); }

}  // namespace memgrid::frontend::grpc
