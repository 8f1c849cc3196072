#include "frontend/grpc/loop_context.h"

#include <utility>

#include "frontend/grpc/server_call.h"

namespace memgrid::frontend::grpc {
namespace {

constexpr size_t kKeptCalls = 1024;

}  // namespace

LoopContext::LoopContext(env::Loop& its_loop, const Limits& its_limits, const MethodTable& its_methods)
    : loop(its_loop), limits(its_limits), methods(its_methods), wheel(its_loop),
      read_buffer(its_limits.turn_bytes), now(its_loop.clock().Monotonic()) {}

LoopContext::~LoopContext() = default;

CallSlot* LoopContext::TakeSlot() {
  if (free_slots_.empty()) return &slots_.emplace_back();
  CallSlot* slot = free_slots_.back();
  free_slots_.pop_back();
  return slot;
}

void LoopContext::ReturnSlot(CallSlot* slot) {
  ++slot->generation;
  slot->call = nullptr;
  free_slots_.push_back(slot);
}

std::unique_ptr<ServerCall> LoopContext::NewCall() {
  if (free_calls_.empty()) return std::make_unique<ServerCall>(*this);
  std::unique_ptr<ServerCall> call = std::move(free_calls_.back());
  free_calls_.pop_back();
  return call;
}

void LoopContext::Recycle(std::unique_ptr<ServerCall> call) {
  if (free_calls_.size() < kKeptCalls) free_calls_.push_back(std::move(call));
}

void LoopContext::RunDone() {
  // OnDone may end other calls.
  for (size_t i = 0; i < done_.size(); ++i) done_[i]->TellDone();
  done_.clear();
}

}  // namespace memgrid::frontend::grpc
