#include "env/sim/sim_world.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "env/sim/internal/scheduler.h"
#include "env/sim/internal/sim_connection.h"
#include "env/sim/internal/sim_host.h"

namespace memgrid::env {

using internal::SimHost;
using internal::SimLoop;
using internal::SimLoopGroup;
using internal::SimStream;

SimWorld::SimWorld(uint64_t seed) : scheduler_(std::make_unique<internal::Scheduler>(seed)) {}

SimWorld::~SimWorld() {
  for (const auto& [name, host] : hosts_) {
    if (host->group() != nullptr) host->group()->Stop();
  }
  scheduler_->Clear();
}

SimHost& SimWorld::HostOf(std::string_view name) {
  auto found = hosts_.find(name);
  if (found == hosts_.end()) {
    auto host = std::make_unique<SimHost>(std::string(name), hosts_.size() + 1, *this, *scheduler_);
    found = hosts_.emplace(std::string(name), std::move(host)).first;
  }
  return *found->second;
}

SimHost* SimWorld::FindHost(std::string_view name) const {
  const auto found = hosts_.find(name);
  return found == hosts_.end() ? nullptr : found->second.get();
}

LoopGroup& SimWorld::Boot(std::string_view name, int loops) {
  MEMGRID_CHECK(SimLoop::Current() == nullptr, "a loop cannot boot a host");
  SimHost& host = HostOf(name);
  MEMGRID_CHECK(!host.up(), "host ", name, " runs a process already");
  host.DropTasks();
  host.crashed = false;
  host.set_group(std::make_unique<SimLoopGroup>(host, loops));
  return *host.group();
}

void SimWorld::Crash(std::string_view name) {
  MEMGRID_CHECK(SimLoop::Current() == nullptr, "a loop cannot crash a host");
  SimHost& host = HostOf(name);
  host.Crash();
  host.DropTasks();
}

bool SimWorld::crashed(std::string_view name) const {
  const SimHost* const host = FindHost(name);
  return host != nullptr && host->crashed;
}

SimDisk& SimWorld::disk(std::string_view host) { return HostOf(host).disk; }

void SimWorld::Pause(std::string_view host, Nanos length) {
  HostOf(host).paused_until = std::max(HostOf(host).paused_until, now() + length);
}

void SimWorld::StepWallClock(std::string_view host, int64_t by_ms) {
  HostOf(host).wall_step_ms += by_ms;
}

void SimWorld::Block(std::string_view from, std::string_view to) {
  blocked_.emplace(std::string(from), std::string(to));
}

void SimWorld::Unblock(std::string_view from, std::string_view to) {
  blocked_.erase({std::string(from), std::string(to)});
}

bool SimWorld::Passes(const SimHost& from, const SimHost& to) const {
  return blocked_.empty() || !blocked_.contains({from.name(), to.name()});
}

void SimWorld::Disconnect(std::string_view a, std::string_view b) {
  for (const auto& weak : streams_) {
    const auto stream = weak.lock();
    if (stream == nullptr) continue;
    const std::string& from = stream->host(0).name();
    const std::string& to = stream->host(1).name();
    if ((from == a && to == b) || (from == b && to == a)) stream->Break();
  }
}

void SimWorld::Register(std::weak_ptr<SimStream> stream) {
  std::erase_if(streams_, [](const auto& weak) { return weak.expired(); });
  streams_.push_back(std::move(stream));
}

bool SimWorld::RunUntil(absl::FunctionRef<bool()> done, Nanos limit) {
  MEMGRID_CHECK(SimLoop::Current() == nullptr, "a loop cannot run the world");
  const Nanos end = now() + limit;
  const auto crashes = [this] {
    return std::count_if(hosts_.begin(), hosts_.end(),
                         [](const auto& entry) { return entry.second->crashed; });
  };
  const auto crashed_before = crashes();
  while (!done()) {
    const bool ran = scheduler_->Step(end);
    if (crashes() != crashed_before) {
      for (const auto& [name, host] : hosts_) {
        if (host->crashed) host->DropTasks();
      }
      return done();
    }
    if (!ran) return done();
  }
  return true;
}

void SimWorld::RunFor(Nanos length) {
  const Nanos end = now() + length;
  while (now() < end) RunUntil([] { return false; }, end - now());
}

Nanos SimWorld::now() const { return scheduler_->now(); }

uint64_t SimWorld::trace_hash() const { return scheduler_->trace_hash(); }

}  // namespace memgrid::env
