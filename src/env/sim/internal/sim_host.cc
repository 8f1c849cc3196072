#include "env/sim/internal/sim_host.h"

#include <cstring>
#include <utility>

#include "env/sim/internal/sim_connection.h"

namespace memgrid::env::internal {
namespace {

constexpr int64_t kBirthOfTheWorldMs = 1'750'000'000'000;  // some day in 2025

}  // namespace

SimHost::SimHost(std::string name, uint64_t number, SimWorld& world, Scheduler& scheduler)
    : disk(*this),
      name_(std::move(name)),
      number_(number),
      world_(world),
      scheduler_(scheduler),
      random_(scheduler.chance().Next()) {}

SimHost::~SimHost() = default;

void SimHost::Crash() {
  if (std::exchange(crashed, true)) return;
  if (group_ != nullptr) group_->Kill();
  disk.Crash();
  for (const auto& weak : world_.streams()) {
    const auto stream = weak.lock();
    for (int side = 0; stream != nullptr && side < 2; ++side) {
      if (&stream->host(side) == this) stream->Crash(side);
    }
  }
  listeners.clear();
}

void SimHost::DropTasks() {
  disk.DropRequests();
  if (group_ != nullptr) group_->DropTasks();
}

int64_t SimHost::WallMillis() const {
  return kBirthOfTheWorldMs + wall_step_ms +
         std::chrono::duration_cast<Millis>(scheduler_.now()).count();
}

void SimHost::Fill(std::span<char> out) {
  while (!out.empty()) {
    const uint64_t word = random_.Next();
    const size_t size = std::min(out.size(), sizeof word);
    std::memcpy(out.data(), &word, size);
    out = out.subspan(size);
  }
}

}  // namespace memgrid::env::internal
