// What the gRPC front end has done and holds, for metrics and tests.

#pragma once

#include <cstdint>

#include "observe/counter.h"

namespace memgrid::frontend::grpc {

// X(name, kind, unit, help): kind is `counter` (only grows) or `gauge`.
#define MEMGRID_GRPC_COUNTERS(X)                                                                      \
  X(connections_accepted, counter, "connections", "Connections accepted")                             \
  X(connections_refused, counter, "connections", "Connections closed at accept: too many")            \
  X(connections_open, gauge, "connections", "Connections open")                                       \
  X(connections_punished, counter, "connections", "Connections ended with ENHANCE_YOUR_CALM")         \
  X(connections_stalled, counter, "connections", "Connections closed: handshake, stall or keepalive") \
  X(calls_started, counter, "calls", "Calls whose headers arrived")                                   \
  X(calls_open, gauge, "calls", "Calls under way")                                                    \
  X(calls_failed, counter, "calls", "Calls answered with another status than OK")                     \
  X(calls_cancelled, counter, "calls", "Calls that the client or its connection ended early")         \
  X(deadlines_exceeded, counter, "calls", "Calls ended by their deadline")                            \
  X(messages_received, counter, "messages", "Request messages")                                       \
  X(messages_sent, counter, "messages", "Answer messages")                                            \
  X(bytes_received, counter, "bytes", "Bytes read from connections")                                  \
  X(bytes_sent, counter, "bytes", "Bytes written to connections")                                     \
  X(messages_refused, counter, "messages", "Request messages over a limit")                           \
  X(incomplete_bytes, gauge, "bytes", "Memory of requests not yet handed to a service")               \
  X(output_bytes, gauge, "bytes", "Answers queued")                                                   \
  X(copied_bytes, gauge, "bytes", "Answers copied because reclaim wanted their memory")               \
  X(resets_received, counter, "frames", "RST_STREAM of calls under way")                              \
  X(resets_provoked, counter, "frames", "RST_STREAM sent because of a client's error")

struct Counters {
#define MEMGRID_GRPC_FIELD(name, kind, unit, help) uint64_t name = 0;
  MEMGRID_GRPC_COUNTERS(MEMGRID_GRPC_FIELD)
#undef MEMGRID_GRPC_FIELD
};

using observe::Counter;

struct LoopCounters {
#define MEMGRID_GRPC_FIELD(name, kind, unit, help) Counter name;
  MEMGRID_GRPC_COUNTERS(MEMGRID_GRPC_FIELD)
#undef MEMGRID_GRPC_FIELD
};

}  // namespace memgrid::frontend::grpc
