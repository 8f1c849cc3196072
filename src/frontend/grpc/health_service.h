// grpc.health.v1: whether the server, and each of its services, takes calls.

#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "env/loop.h"
#include "frontend/grpc/call.h"

namespace memgrid::frontend::grpc {

class HealthWatch;

// Thread-safe but for the watchers' lists, each of which belongs to its loop.
class HealthService {
 public:
  // Knows `names` and "", none of them serving. Must outlive the loops' threads.
  HealthService(env::LoopGroup& loops, const std::vector<std::string>& names);
  ~HealthService();

  // Health as a service to be served.
  Service MakeService();
  // Any thread. Watchers hear of it.
  void Set(std::string_view name, bool serving);
  // On each loop: watchers are told that nothing serves, and ended.
  void EndWatches(env::Loop& loop);

 private:
  friend class HealthWatch;

  // 0 for an unknown name, else HealthCheckResponse::ServingStatus.
  int StatusOf(const std::string& name) const;
  void Check(Call& call, std::string_view request) const;
  void TellWatches(env::Loop& loop, const std::string& name);

  env::LoopGroup& loops_;
  mutable absl::Mutex mutex_;
  std::map<std::string, int> statuses_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::vector<HealthWatch*>> watches_;  // by loop
};

}  // namespace memgrid::frontend::grpc
