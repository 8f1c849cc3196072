// A gRPC call as services see it: bytes of messages in, bytes of messages out. HTTP/2, compression, deadlines and
// back-pressure are below this; meaning is above it.
//
// Threads: a call belongs to the loop of its connection; all methods and callbacks run there. A method's functions are
// shared by all loops and are called concurrently.

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "base/buffer.h"
#include "base/payload.h"
#include "env/clock.h"
#include "env/loop.h"

namespace memgrid::frontend::grpc {

// A message to be sent: `head` (encoded fields), then `body` (a large field's bytes, left where they lie if the message
// has 4 KiB or more), then `tail` (fields that follow it).
struct Message {
  std::string head;
  base::Payload body;
  std::string tail;

  size_t size() const { return head.size() + body.size + tail.size(); }
};

class Call;

// Where a call is found while it lives. Slots are used again, generations are not.
struct CallSlot {
  uint64_t generation = 0;
  Call* call = nullptr;
};

// Weak reference to a call, for work that is under way elsewhere: copied freely on any thread, looked into only on the
// call's loop. Must not outlive the server.
class CallHandle {
 public:
  CallHandle() = default;
  explicit CallHandle(const CallSlot* slot) : slot_(slot), generation_(slot->generation) {}
  // Null when the call is over: finished, cancelled, past its deadline, or its connection gone.
  Call* Get() const { return slot_ != nullptr && slot_->generation == generation_ ? slot_->call : nullptr; }

 private:
  const CallSlot* slot_ = nullptr;
  uint64_t generation_ = 0;
};

// The service's end of one call. It lives until Finish or, with a handler, until OnDone; unary work that goes on later
// finds it through handle().
class Call {
 public:
  virtual ~Call() = default;

  virtual CallHandle handle() const = 0;
  // "/package.Service/Method".
  virtual std::string_view method() const = 0;
  // First value of a metadata entry (name in lower case; "-bin" values decoded); empty if absent. The protocol's own
  // headers (":path", "te", "content-type", "grpc-*") are no metadata. Views are valid as long as the call.
  virtual std::string_view metadata(std::string_view name) const = 0;
  // All request metadata in order, repeated names included.
  virtual void ForEachMetadata(absl::FunctionRef<void(std::string_view name, std::string_view value)> visit) const = 0;
  // Whether the last request message came compressed.
  virtual bool request_compressed() const = 0;
  // Monotonic time when the call ends with DEADLINE_EXCEEDED; Nanos::max() = none. Starts as `grpc-timeout` says.
  virtual env::Nanos deadline() const = 0;
  // Brings the deadline forward (`timeout_ms` of a request); a later one than the present is ignored. One that has
  // passed ends the call in the next turn, not inside this method.
  virtual void BringForward(env::Nanos deadline) = 0;
  // From here on a deadline that passes leaves the caller in doubt: the status then says `outcome unknown`.
  virtual void MarkOutcomeUnknown() = 0;
  virtual env::Loop& loop() = 0;
  // "host:port" of the client.
  virtual std::string_view peer() const = 0;

  // Adds to the headers (before the first message) or trailers (before Finish) of the answer. Names in lower case;
  // values of "-bin" names are any bytes, others printable ASCII. An entry that HTTP/2 could not carry is left out.
  virtual void AddInitialMetadata(std::string_view name, std::string_view value) = 0;
  virtual void AddTrailer(std::string_view name, std::string_view value) = 0;
  // Says whether the next messages are gzip-compressed, where the client takes that. Without it they are if the request
  // came compressed. Turning it on has no effect once a message has been sent with it never on.
  virtual void Compress(bool on) = 0;

  // Queues a message of the answer (at most 4 GiB - 1). Streaming services stop when `full()` and go on at
  // CallHandler::OnDrained, which comes after each `full()` that was true. Slices of its body that a Keeper handed out
  // must be of this turn.
  virtual void Send(Message&& message) = 0;
  virtual bool full() = 0;

  // Back-pressure on the client: after PauseReading no OnMessage or OnHalfClose comes until ResumeReading, and the client
  // may send no more than the window it already has. ResumeReading may call OnMessage before it returns.
  virtual void PauseReading() = 0;
  virtual void ResumeReading() = 0;

  // Ends the call; the last thing that a service does with it: the Call may be gone when this returns. Unary: Send, then
  // Finish(OkStatus()). Without a message before it, an OK unary answer is a client's error; other codes need none.
  virtual void Finish(const absl::Status& status) = 0;
};

// One call's logic. Owned by the layer from its creation until OnDone has returned; then destroyed.
class CallHandler {
 public:
  virtual ~CallHandler() = default;
  // A whole message (decompressed). The buffer is the handler's.
  virtual void OnMessage(base::Buffer message) = 0;
  // The client has sent everything.
  virtual void OnHalfClose() = 0;
  // What was queued has gone below the mark of `full()`.
  virtual void OnDrained() {}
  // The call is over: finished by the service (OK, whatever it answered), cancelled by the client or its connection broke
  // (CANCELLED), past its deadline (DEADLINE_EXCEEDED), or refused by the layer. The last callback, exactly one; never
  // inside another callback. The Call must not be touched any more; results of work still under way are dropped.
  virtual void OnDone(const absl::Status& status) = 0;
};

// How a method is served; exactly one of the two functions is set.
struct Method {
  // "/package.Service/Method".
  std::string path;
  // The short way: called once with the whole request. It answers with Send + Finish, or Finish alone, now or later (then
  // through call.handle(), which is null once the call is over). More or fewer than one request: the layer refuses.
  absl::AnyInvocable<void(Call& call, base::Buffer request) const> unary;
  // Every other kind: makes the handler when the headers have arrived. It must not finish the call.
  absl::AnyInvocable<std::unique_ptr<CallHandler>(Call& call) const> stream;
};

// Methods under one name, the unit of health checks and reflection.
struct Service {
  // "package.Service". If its proto is linked into the program, reflection shows it.
  std::string name;
  std::vector<Method> methods;
};

}  // namespace memgrid::frontend::grpc
