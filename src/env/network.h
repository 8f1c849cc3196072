// Streams of bytes between processes: TCP (and later Unix sockets) in a real process, queues in a
// simulation.
//
// Readiness-based: the owner of a connection is told when it may read or write and then moves bytes
// itself, into and out of memory that it owns. Nothing is buffered here but by the kernel.
//
// Threads: a connection belongs to one loop; all calls and callbacks happen there, its destruction
// too (or, once the loops have stopped, on the thread that stopped them). Connections and listeners
// are destroyed before their LoopGroup.

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace memgrid::env {

class Loop;

// One piece of what is to be sent.
struct IoSlice {
  const char* data;
  size_t size;
};

// What a Read or Write did: bytes moved (> 0), or why not.
struct IoResult {
  enum Kind : uint8_t { kOk, kWouldBlock, kEnd, kError };
  Kind kind;
  size_t bytes = 0;  // kOk only
  int error = 0;     // errno, kError only
};

// Told of events of one connection. OnClosed is the last call and comes at most once; it does not
// come after Close.
class ConnectionHandler {
 public:
  virtual ~ConnectionHandler() = default;
  // There are bytes, an end or an error to be read. Level-triggered: called every turn while that
  // is so and reading is on.
  virtual void OnReadable() = 0;
  // There is room to write (asked for by SetInterest).
  virtual void OnWritable() = 0;
  // The connection broke without a read or write noticing it.
  virtual void OnClosed() = 0;
};

class Connection {
 public:
  virtual ~Connection() = default;  // closes

  // Not owned; set before the end of the turn in which the connection was handed over.
  virtual void SetHandler(ConnectionHandler* handler) = 0;
  // Which events are reported. At hand-over: reading on, writing off. Cheap when nothing changes.
  virtual void SetInterest(bool readable, bool writable) = 0;

  virtual IoResult Read(std::span<char> into) = 0;
  // Sends as much of `slices` (at most 1,024, in order) as there is room for, in one system call.
  virtual IoResult Write(std::span<const IoSlice> slices) = 0;

  // Ends the connection; unsent bytes in the kernel are still sent. Idempotent. The handler is not
  // called again.
  virtual void Close() = 0;

  // "host:port" of the other side, for logs.
  virtual std::string_view peer() const = 0;

  // Moves the connection to another loop of its group: `arrived` runs there with it. The handler is
  // detached first; bytes not yet read stay readable.
  static void Move(std::unique_ptr<Connection> connection, Loop& to,
                   absl::AnyInvocable<void(std::unique_ptr<Connection>)> arrived);

 protected:
  virtual void Detach() = 0;
  virtual void Attach(Loop& loop) = 0;
};

class Listener {
 public:
  // Stops accepting and closes the port. What was accepted before and has not yet reached its loop
  // is closed there, but for a hand-over that is just going on: what `on_accept` refers to outlives
  // the listener until all loops have ended a turn.
  virtual ~Listener() = default;
  // The address that it listens on: a port given as 0 has become a real one. IPv6 in brackets.
  virtual std::string_view address() const = 0;
};

class Network {
 public:
  virtual ~Network() = default;

  // Runs on the loop that takes the connection over.
  using AcceptHandler = absl::AnyInvocable<void(Loop& loop, std::unique_ptr<Connection>)>;
  using ConnectHandler = absl::AnyInvocable<void(absl::StatusOr<std::unique_ptr<Connection>>)>;

  // Accepts on `address` ("127.0.0.1:50051", "[::1]:0", "localhost:80") and deals connections
  // round-robin to `loops`. Called before the loops start, or on the loop that owns this network;
  // accepting happens on that loop. `on_accept` is called concurrently by different loops. At its
  // descriptor limit it stops accepting for 100 ms instead of spinning. Errors: INVALID_ARGUMENT
  // (unreadable address), UNAVAILABLE with the system's words (port in use and the like).
  virtual absl::StatusOr<std::unique_ptr<Listener>> Listen(std::string_view address,
                                                           std::span<Loop* const> loops,
                                                           AcceptHandler on_accept) = 0;

  // Connects from this loop; `done` is called once, on it, also after the timeout.
  virtual void Connect(std::string_view address, int64_t timeout_ms, ConnectHandler done) = 0;
};

}  // namespace memgrid::env
