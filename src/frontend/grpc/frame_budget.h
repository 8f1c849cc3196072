// Which frames, and how many of them, a client may send for nothing.

#pragma once

#include "frontend/grpc/limits.h"
#include "frontend/grpc/token_bucket.h"

namespace memgrid::frontend::grpc {

// A bucket for each kind of frame that costs the server more than the client. One a connection.
struct FrameBudget {
  explicit FrameBudget(const Limits& limits)
      : pings(limits.pings),
        settings(limits.settings),
        priorities(limits.priorities),
        empty_data(limits.empty_data),
        resets(limits.resets),
        provoked_resets(limits.provoked_resets) {}

  TokenBucket pings;
  TokenBucket settings;
  TokenBucket priorities;
  TokenBucket empty_data;
  TokenBucket resets;
  TokenBucket provoked_resets;
};

}  // namespace memgrid::frontend::grpc
