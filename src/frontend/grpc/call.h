// A gRPC call as services see it: bytes of messages in, bytes of messages out. HTTP/2, compression, deadlines and
// back-pressure are below this; meaning is above it.
//
// Threads: a call belongs to the loop of its connection; all methods and callbacks run there.

#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "base/buffer.h"
#include "base/payload.h"
#include "env/clock.h"
#include "env/loop.h"

namespace memgrid::frontend::grpc {

// A message to be sent: `head` (encoded fields), then `body` (a large field's bytes, left where they lie if they are
// 4 KiB or more), then `tail` (fields that follow it).
struct Message {
  std::string head;
  base::Payload body;
  std::string tail;

  size_t size() const { return head.size() + body.size + tail.size(); }
};

class Call {
 public:
  virtual ~Call() = default;

  // "/package.Service/Method".
  virtual std::string_view method() const = 0;
  // First value of a request header or metadata entry (name in lower case; "-bin" values decoded); empty if absent.
  virtual std::string_view metadata(std::string_view name) const = 0;
  // All request metadata in order, pseudo-headers left out.
  virtual const std::vector<std::pair<std::string, std::string>>& all_metadata() const = 0;
  // Monotonic time when the call ends with DEADLINE_EXCEEDED; Nanos::max() = none. Starts as `grpc-timeout` says.
  virtual env::Nanos deadline() const = 0;
  // Brings the deadline forward (`timeout_ms` of a request); a later one than the present is ignored.
  virtual void BringForward(env::Nanos deadline) = 0;
  virtual env::Loop& loop() = 0;
  virtual std::string_view peer() const = 0;

  // Adds to the headers (before the first message) or trailers (before Finish) of the answer. Names in lower case.
  virtual void AddInitialMetadata(std::string_view name, std::string_view value) = 0;
  virtual void AddTrailer(std::string_view name, std::string_view value) = 0;

  // Queues a message of the answer. Streaming services stop when `full()` and go on at CallHandler::OnDrained.
  virtual void Send(Message message) = 0;
  virtual bool full() const = 0;

  // Ends the call; the last thing that a service does with it. Unary: Send, then Finish(OkStatus()).
  virtual void Finish(const absl::Status& status) = 0;
};

// One call's logic. Owned by the layer from its creation until OnDone has returned; then destroyed.
class CallHandler {
 public:
  virtual ~CallHandler() = default;
  // A whole message (decompressed). The buffer is the handler's.
  // Not called again until the handler has returned; a client-streaming handler that cannot take more calls
  // PauseReading on the layer by returning false, and is asked to go on with ResumeReading.
  virtual bool OnMessage(base::Buffer message) = 0;
  // The client has sent everything.
  virtual void OnHalfClose() = 0;
  // What was queued has gone below the mark of `full()`.
  virtual void OnDrained() {}
  // The call is over: finished, cancelled by the client, past its deadline, or its connection broke (`status` says
  // which). The Call must not be touched afterwards. Results of work still under way are dropped.
  virtual void OnDone(const absl::Status& status) = 0;
};

// How a method is served. `unary` is the short way: called once with the whole request; no handler object.
// The callee must call Send + Finish, or Finish, exactly once, now or later, unless the call is over before (then the
// handle says so).
class CallHandle;  // weak: Get() is null once the call is over
struct Method {
  std::string path;
  // Exactly one of the two is set.
  std::function<void(CallHandle, base::Buffer)> unary;
  std::function<std::unique_ptr<CallHandler>(Call&)> stream;
};

// Weak reference to a call, to be kept by work that is under way elsewhere. Cheap to copy on its loop; Get only there.
class CallHandle {
 public:
  CallHandle() = default;
  CallHandle(class CallTable* table, uint64_t id) : table_(table), id_(id) {}
  // Null when the call is over.
  Call* Get() const;

 private:
  class CallTable* table_ = nullptr;
  uint64_t id_ = 0;
};

}  // namespace memgrid::frontend::grpc
