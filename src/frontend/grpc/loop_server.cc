#include "frontend/grpc/loop_server.h"

#include <malloc.h>

#include <algorithm>
#include <utility>

namespace memgrid::frontend::grpc {
namespace {

constexpr env::Nanos kTick = env::Millis(1000);
// So many connections use memory that is worth giving back when half of them have left.
constexpr size_t kCrowd = 500;
// Between "open no more calls" and "none that you open now is served": time for what is on its way.
constexpr env::Nanos kDrainNotice = env::Millis(100);

}  // namespace

LoopServer::LoopServer(env::Loop& loop, const Limits& limits, const MethodTable& methods,
                       std::atomic<uint32_t>& open_connections)
    : context_(loop, limits, methods), open_connections_(open_connections) {
  loop.AtTurnEnd([this] { TurnEnd(); });
}

LoopServer::~LoopServer() {
  // Cancels every call; then handlers are told, while the context is still there.
  open_connections_.fetch_sub(static_cast<uint32_t>(connections_.size()), std::memory_order_relaxed);
  connections_.clear();
  context_.RunDone();
}

void LoopServer::Accept(std::unique_ptr<env::Connection> connection) {
  context_.now = context_.loop.clock().Monotonic();
  if (draining_ || open_connections_.fetch_add(1, std::memory_order_relaxed) >= context_.limits.connections) {
    if (!draining_) open_connections_.fetch_sub(1, std::memory_order_relaxed);
    context_.counters.connections_refused.Add(1);
    return;
  }
  context_.counters.connections_accepted.Add(1);
  context_.counters.connections_open.Add(1);
  auto& added = connections_.emplace_back(
      std::make_unique<ServerConnection>(context_, static_cast<ConnectionOwner&>(*this), std::move(connection)));
  added->position = connections_.size() - 1;
  ArmTick();
}

void LoopServer::TurnEnd() {
  context_.RunDone();
  if (!dirty_.empty()) FlushDirty();
  if (!holding_.empty()) GiveBackWanted();
  if (!closed_.empty()) DestroyClosed();
  // Flushing may have made more to send, or ended calls.
  if (!dirty_.empty() || context_.has_done()) context_.loop.RequestTurn();
}

void LoopServer::FlushDirty() {
  context_.now = context_.loop.clock().Monotonic();
  flushing_.swap(dirty_);
  for (ServerConnection* connection : flushing_) {
    connection->dirty = false;
    connection->Flush();
  }
  // A handler that was woken may have answered on any connection, also one flushed before.
  for (auto* list : {&flushing_, &dirty_}) {
    for (ServerConnection* connection : *list) {
      bool held = connection->holds_engine_memory();
      connection->KeepUnsent();
      if (!held && connection->holds_engine_memory()) holding_.push_back(connection);
    }
  }
  flushing_.clear();
}

void LoopServer::GiveBackWanted() {
  for (ServerConnection* connection : holding_) connection->GiveBackWanted();
  std::erase_if(holding_, [](const ServerConnection* connection) { return !connection->holds_engine_memory(); });
  while (context_.counters.copied_bytes.get() > context_.limits.copied_bytes && CloseSlowest()) DestroyClosed();
}

// Too much had to be copied: of the readers with copies the one goes that has taken nothing for longest.
bool LoopServer::CloseSlowest() {
  ServerConnection* slowest = nullptr;
  for (const auto& connection : connections_) {
    if (connection->closed() || !connection->HasCopies()) continue;
    if (slowest == nullptr || connection->last_progress() < slowest->last_progress()) slowest = connection.get();
  }
  if (slowest == nullptr) return false;
  context_.counters.connections_stalled.Add(1);
  slowest->Close();
  return true;
}

void LoopServer::DestroyClosed() {
  for (ServerConnection* connection : std::exchange(closed_, {})) {
    std::erase(dirty_, connection);
    std::erase(holding_, connection);
    size_t position = connection->position;
    std::swap(connections_[position], connections_.back());
    connections_[position]->position = position;
    connections_.pop_back();
    open_connections_.fetch_sub(1, std::memory_order_relaxed);
    context_.counters.connections_open.Sub(1);
  }
  CheckDrained();
}

void LoopServer::ArmTick() {
  if (tick_ == 0) tick_ = context_.loop.RunAfter(kTick, [this] { Tick(); });
}

void LoopServer::Tick() {
  tick_ = 0;
  context_.now = context_.loop.clock().Monotonic();
  for (const auto& connection : connections_) connection->Tick(context_.now);
  GiveBackMemory();
  if (!connections_.empty()) ArmTick();
}

// After a crowd has left, the pages that it used go back to the system; malloc would keep most of them.
void LoopServer::GiveBackMemory() {
  most_connections_ = std::max(most_connections_, connections_.size());
  if (most_connections_ < kCrowd || connections_.size() > most_connections_ / 2) return;
  most_connections_ = connections_.size();
  malloc_trim(0);
}

void LoopServer::Drain(base::Task done) {
  draining_ = true;
  drained_ = std::move(done);
  for (const auto& connection : connections_) connection->BeginDrain();
  drain_timer_ = context_.loop.RunAfter(kDrainNotice, [this] { FinishDrain(); });
  CheckDrained();
}

void LoopServer::FinishDrain() {
  for (const auto& connection : connections_) connection->FinishDrain();
  drain_timer_ = context_.loop.RunAfter(std::max(context_.limits.drain - kDrainNotice, env::Nanos(0)), [this] { CloseAll(); });
}

void LoopServer::CloseAll() {
  drain_timer_ = 0;
  for (const auto& connection : connections_) connection->Close();
}

void LoopServer::CheckDrained() {
  if (!draining_ || !connections_.empty() || !drained_) return;
  context_.loop.Cancel(std::exchange(drain_timer_, 0));
  std::exchange(drained_, nullptr)();
}

}  // namespace memgrid::frontend::grpc
