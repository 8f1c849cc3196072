// What all services do with a call: who asks, until when, and how an answer or a refusal leaves.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "base/buffer.h"
#include "base/status.h"
#include "frontend/grpc/call.h"
#include "frontend/grpc/proto_view.h"
#include "grid/grid.h"

namespace memgrid::frontend::grpc {

// The caller and the deadline of `call`, brought forward by `timeout_ms` (0: not). UNAUTHENTICATED.
absl::Status ContextOf(grid::Grid& grid, Call& call, uint64_t timeout_ms, grid::Context* context);

// Ends the call with a refusal; a retry hint goes into the trailers.
void Refuse(Call& call, const absl::Status& status);

inline void Answer(Call& call, Message&& message) {
  call.Send(std::move(message));
  call.Finish(absl::OkStatus());
}

// Serves one unary call: decodes a Request, asks the grid, sends what `Encode(request, answer)`
// makes of the answer. `ask(grid, context, request, bytes, done)` is the grid's call. With kWrites,
// a deadline that passes from here on leaves the caller in doubt.
enum class Effect : uint8_t { kReads, kWrites };

template <typename Request, typename Reply, Effect kEffect, auto kEncode, typename Ask>
void Serve(grid::Grid& grid, Call& call, base::Buffer bytes, Ask ask) {
  Request request;
  uint64_t timeout_ms = 0;
  grid::Context context;
  absl::Status status;
  if constexpr (requires { Decode(std::string_view(), &request, &timeout_ms); }) {
    status = Decode(bytes.view(), &request, &timeout_ms);
  } else {
    status = Decode(bytes.view(), &request);
  }
  absl::Status allowed = ContextOf(grid, call, timeout_ms, &context);
  if (!allowed.ok()) return Refuse(call, allowed);
  if (!status.ok()) return Refuse(call, status);
  const CallHandle handle = call.handle();
  ask(grid, context, request, std::move(bytes),
      [handle](const absl::Status& ended, const Request& asked, Reply& reply) {
        Call* const waiting = handle.Get();
        if (waiting == nullptr) return;
        if (!ended.ok()) return Refuse(*waiting, ended);
        Answer(*waiting, kEncode(asked, reply));
      });
  if constexpr (kEffect == Effect::kWrites) {
    if (Call* const waiting = handle.Get()) waiting->MarkOutcomeUnknown();
  }
}

// The grid's Call for a request.
inline constexpr auto kAskGrid = [](grid::Grid& grid, const grid::Context& context,
                                    const auto& request, base::Buffer&& bytes, auto&& done) {
  grid.Call(context, request, std::move(bytes), std::forward<decltype(done)>(done));
};

// A unary method of the grid.
template <typename Request, typename Reply, Effect kEffect, auto kEncode>
Method Unary(grid::Grid& grid, std::string path) {
  Method method;
  method.path = std::move(path);
  method.unary = [&grid](Call& call, base::Buffer bytes) {
    Serve<Request, Reply, kEffect, kEncode>(grid, call, std::move(bytes), kAskGrid);
  };
  return method;
}

// A page of names, for both lists: keys = 1, status = 2, next_cursor = 16.
Message EncodeList(const grid::List& request, const grid::ListAnswer& page);

}  // namespace memgrid::frontend::grpc
