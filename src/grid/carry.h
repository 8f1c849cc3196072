// How a command gets from the loop of its caller to the owner of its shard and back: a template,
// because the answer goes with the request that it answers.

#pragma once

#include <memory>
#include <optional>
#include <utility>

#include "grid/parts.h"

namespace memgrid::grid {

inline void Grid::Parts::Send(int from, ShardHost& host, std::unique_ptr<Journey> journey) {
  if (host.owner() != from) counters(from).hops.Add();
  common.outboxes[static_cast<size_t>(from)]->Send(host.owner(), std::move(journey));
}

template <typename Request>
void Grid::Parts::Carry(const Context& context, ShardHost& host, const Command& command,
                        const Request& request, base::Buffer&& bytes,
                        Done<Request, WriteAnswer> done) {
  const auto refuse = [&](const absl::Status& status) {
    WriteAnswer none;
    done(status, request, none);
  };
  if (!host.health().ok()) return refuse(host.health());
  Write write{.command = command, .deadline = context.deadline};
  auto step = ShardHost::Step::kHeldUp;
  const bool here = host.owner() == context.loop && host.immediate();
  if (here) {
    step = host.CarryOut(&write);
    if (step == ShardHost::Step::kAnswered) {
      if (write.status.ok()) write.status = StatusOf(write.result, command, request.ns);
      WriteAnswer answer = AnswerOf(write.result);
      return done(write.status, request, answer);
    }
  }
  std::optional<size_t> charged;
  if (step == ShardHost::Step::kHeldUp) {  // it takes a place until it has been carried out
    absl::Status status = host.Charge(bytes.size());
    if (!status.ok()) return refuse(status);
    charged = bytes.size();
  }
  auto journey = std::make_unique<TypedWrite<Request>>(host, context.loop, charged, request,
                                                       std::move(bytes), std::move(done));
  journey->write = std::move(write);
  if (step == ShardHost::Step::kAwaits) {
    const uint64_t awaited = journey->write.awaited;
    return host.ReturnDurable(std::move(journey), awaited);
  }
  journey->head = base::Buffer(EncodedSize(command));
  journey->head.set_size(journey->head.capacity());
  EncodeCommand(command, journey->head.data());
  if (here) return host.HoldUp(std::move(journey));
  Send(context.loop, host, std::move(journey));
}

}  // namespace memgrid::grid
