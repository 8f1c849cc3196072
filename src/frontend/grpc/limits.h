// What one client may cost: every size, count and wait of the gRPC front end. A setting each; all are metered (counters.h).

#pragma once

#include <cstddef>
#include <cstdint>

#include "env/clock.h"

namespace memgrid::frontend::grpc {

// A token bucket: `burst` at once, then `per_second` for ever. One that is empty ends the connection with GOAWAY
// ENHANCE_YOUR_CALM.
struct Rate {
  uint32_t burst;
  uint32_t per_second;
};

struct Limits {
  // Per process.
  uint32_t connections = 16384;  // more are closed as they are accepted

  // Per loop.
  size_t incomplete_bytes = 64u << 20;  // requests not yet handed to a service; above: UNAVAILABLE, try again
  size_t copied_bytes = 64u << 20;      // answers copied because reclaim wants their memory; above: slowest reader closed

  // Per connection.
  uint32_t streams = 256;                     // SETTINGS_MAX_CONCURRENT_STREAMS
  size_t output_bytes = 256u << 10;           // unary answers queued; above: no request is started until some have left
  size_t turn_bytes = 256u << 10;             // received, and sent, in one turn of the loop; at least 64 KiB
  env::Nanos handshake = env::Millis(10'000);   // from accept to preface and SETTINGS
  env::Nanos write_stall = env::Millis(30'000);  // nothing of a pending answer taken by the client's side
  env::Nanos keepalive = env::Millis(60'000);    // of silence, then PING
  env::Nanos keepalive_answer = env::Millis(20'000);  // to any sign of life after that PING
  // Frames that cost the server more than the client. PING is refilled by every DATA frame that the server sends too:
  // clients measure bandwidth with them.
  Rate pings{1000, 100};
  Rate settings{100, 10};
  Rate priorities{1000, 100};
  Rate empty_data{1000, 100};
  // RST_STREAM of calls not yet answered whose deadline had not passed: a storm of expired deadlines is no abuse.
  Rate resets{2000, 1000};
  // RST_STREAM that the server had to send because of what the client sent.
  Rate provoked_resets{200, 50};

  // Per call.
  size_t header_bytes = 16u << 10;   // SETTINGS_MAX_HEADER_LIST_SIZE, counted as RFC 9113 does
  size_t message_bytes = 20u << 20;  // one request message, announced or unpacked
  size_t stream_window = 1u << 20;   // SETTINGS_INITIAL_WINDOW_SIZE, bytes
  size_t connection_window = 4u << 20;

  // Of the whole front end.
  env::Nanos drain = env::Millis(10'000);  // from Drain to the last connection closed
};

}  // namespace memgrid::frontend::grpc
