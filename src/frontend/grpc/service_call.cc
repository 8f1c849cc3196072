#include "frontend/grpc/service_call.h"

#include <algorithm>
#include <chrono>

namespace memgrid::frontend::grpc {

absl::Status ContextOf(grid::Grid& grid, Call& call, uint64_t timeout_ms, grid::Context* context) {
  env::Loop& loop = call.loop();
  auto caller = grid.Authenticate(loop.index(), call.metadata("authorization"));
  if (!caller.ok()) return caller.status();
  if (timeout_ms != 0) {
    constexpr uint64_t kLongest = uint64_t{1} << 40;  // 34 years: no overflow in nanoseconds
    const env::Millis timeout(static_cast<int64_t>(std::min(timeout_ms, kLongest)));
    call.BringForward(loop.clock().Monotonic() + timeout);
  }
  *context = {.loop = loop.index(), .caller = *caller, .deadline = call.deadline()};
  return absl::OkStatus();
}

void Refuse(Call& call, const absl::Status& status) {
  if (const std::optional<int64_t> ms = base::RetryAfterMs(status)) {
    call.AddTrailer("retry-after-ms", std::to_string(*ms));
  }
  call.Finish(status);
}

Message EncodeList(const grid::List&, const grid::ListAnswer& page) {
  Message message;
  message.head.reserve(page.names.size() + page.ends.size() * 4 + page.cursor.size() + 16);
  size_t from = 0;
  for (const uint32_t end : page.ends) {
    const auto name = std::string_view(page.names).substr(from, end - from);
    PutBytesHead(&message.head, 1, name.size());
    message.head.append(name);
    from = end;
  }
  PutSuccess(&message.head, 2);
  PutBytes(&message.head, 16, page.cursor);
  return message;
}

}  // namespace memgrid::frontend::grpc
