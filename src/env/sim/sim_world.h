// A world in one process and one thread, from one seed: servers, their loops, disks and network,
// with virtual time and with faults.
//
//   SimWorld world(seed);
//   LoopGroup& loops = world.Boot("n1", 2);
//   Server server(loops, ...);                  // the code that runs in production
//   loops.Start();
//   world.disk("n1").CrashAt(17);
//   world.RunUntil([&] { return server.ready(); }, std::chrono::seconds(10));
//   ... if (world.crashed("n1")): destroy the server, Boot again, see what is left ...
//
// The same seed and the same calls give the same run to the last byte: compare trace_hash(). Code
// under simulation must take time, chance, disk, network and threads from env only, and must not
// let addresses of memory decide anything (unordered containers keyed by pointers).

#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "env/loop.h"
#include "env/sim/sim_disk.h"

namespace memgrid::env {

namespace internal {
class Scheduler;
class SimHost;
class SimStream;
}  // namespace internal

// May be changed at any time; counts for what starts afterwards.
struct SimNetworkFaults {
  Nanos min_delay = std::chrono::microseconds(20);  // one way
  Nanos max_delay = Millis(2);
  double split = 0.25;                       // probability that a read or write moves only a part
  uint64_t buffer_bytes = 65'536;            // sent and not yet read, per direction
  Nanos give_up = std::chrono::seconds(20);  // a connection that gets nothing through breaks
};

class SimWorld {
 public:
  explicit SimWorld(uint64_t seed);
  // Ends what still runs. Destroy servers before it.
  ~SimWorld();
  SimWorld(const SimWorld&) = delete;
  SimWorld& operator=(const SimWorld&) = delete;

  // Starts a process with `loops` loops on `host`, whose disk is as its last process left it. The
  // group is the world's and stays until the next Boot of this host, so that objects of a crashed
  // server can be destroyed in peace; call Start on it. A host runs one process at a time.
  LoopGroup& Boot(std::string_view host, int loops);

  // Kills the process on `host` and cuts its power: tasks are destroyed and not run, unfinished
  // writes are lost, torn or there (see SimDisk), connections break. Not called by a loop.
  void Crash(std::string_view host);
  // True from a crash, by Crash or SimDisk::CrashAt, until the next Boot.
  bool crashed(std::string_view host) const;

  SimDisk& disk(std::string_view host);

  // No loop of `host` gets a turn for `length`: a process that is stopped, or starved.
  void Pause(std::string_view host, Nanos length);
  // Moves the host's wall clock (not the monotonic one), either way.
  void StepWallClock(std::string_view host, int64_t by_ms);

  SimNetworkFaults& network() { return network_; }
  // From now on nothing gets from one host to the other; the way back is another matter. What was
  // sent waits, connections break only after SimNetworkFaults::give_up.
  void Block(std::string_view from, std::string_view to);
  void Unblock(std::string_view from, std::string_view to);
  // Undoes every Block.
  void Heal() { blocked_.clear(); }
  // Breaks all connections between two hosts, once.
  void Disconnect(std::string_view a, std::string_view b);

  // Runs events until `done` is true; false if `limit` of virtual time or a crash by
  // SimDisk::CrashAt came first. Not called by a loop.
  bool RunUntil(absl::FunctionRef<bool()> done, Nanos limit);
  void RunFor(Nanos length);

  Nanos now() const;
  // Of everything that has happened: turns, disk requests, bytes sent, with their times.
  uint64_t trace_hash() const;

  // For the parts of the simulation.
  internal::SimHost* FindHost(std::string_view name) const;
  bool Passes(const internal::SimHost& from, const internal::SimHost& to) const;
  void Register(std::weak_ptr<internal::SimStream> stream);
  const std::vector<std::weak_ptr<internal::SimStream>>& streams() const { return streams_; }

 private:
  internal::SimHost& HostOf(std::string_view name);

  std::unique_ptr<internal::Scheduler> scheduler_;
  std::map<std::string, std::unique_ptr<internal::SimHost>, std::less<>> hosts_;
  std::set<std::pair<std::string, std::string>> blocked_;
  std::vector<std::weak_ptr<internal::SimStream>> streams_;  // by age
  SimNetworkFaults network_;
};

}  // namespace memgrid::env
