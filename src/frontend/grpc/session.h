// One HTTP/2 connection as a state machine on nghttp2: bytes in, bytes out, calls in between. It knows nothing of sockets.

#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "frontend/grpc/call.h"
#include "frontend/grpc/frame_budget.h"
#include "frontend/grpc/frame_scanner.h"
#include "frontend/grpc/loop_context.h"
#include "frontend/grpc/outgoing.h"

struct nghttp2_session;

namespace memgrid::frontend::grpc {

class HeaderList;
class ServerCall;

// Who moves the session's bytes.
class SessionHost {
 public:
  virtual ~SessionHost() = default;
  // There may be something to Pull. Called often.
  virtual void OnOutput() = 0;
  // An answer refers to memory of the engine; what of it is unsent at the end of the turn must be kept.
  virtual void OnEngineMemory(OutgoingRef outgoing) = 0;
};

class Session {
 public:
  // `peer` names the client in logs. There is something to Pull from the start.
  Session(LoopContext& context, SessionHost& host, std::string_view peer);
  ~Session();  // cancels its calls; their handlers hear of it at LoopContext::RunDone
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // What the client sent. After a violation that ends the connection the rest is dropped.
  void Receive(std::string_view bytes);
  // Adds what is to be sent to `gather`, until it has about `budget` bytes. Starts calls and wakes handlers that waited
  // for room.
  void Pull(Gather& gather, size_t budget);
  // There is more to Pull.
  bool WantsToSend() const;
  // Nothing more will be said by either side, once all that was pulled is sent.
  bool Ended() const;

  // Preface and first SETTINGS have come.
  bool handshake_done() const { return handshake_done_; }
  // True once the client has been found to break a rule: do not wait for it.
  bool broken() const { return broken_; }
  void SendPing();
  // Tells the client to open no more calls; FinishDrain, a moment later, that it may not. Ended() comes true when the
  // calls under way are over.
  void BeginDrain();
  void FinishDrain();
  // GOAWAY(ENHANCE_YOUR_CALM), counted and logged; calls are cancelled.
  void Punish(std::string_view reason);

  // --- For calls.
  void SubmitHead(ServerCall& call, const HeaderList& headers, bool with_body);
  // Sent as soon as may be, past body bytes for which the client has no window.
  void SubmitTrailers(const ServerCall& call);
  void ResumeBody(int32_t stream_id);
  // The client may send `n` more bytes on the stream.
  void Consume(int32_t stream_id, size_t n);
  // A unary request is complete; runs it at once or, while too much output waits, later.
  void Start(ServerCall& call);
  // OnDrained is wanted.
  void AwaitDrain(ServerCall& call);
  // Answers of unary calls, for the limit that makes others wait. Streams have a limit each: one that its reader lets
  // stand must not hold up the other calls of its connection.
  void AddQueued(size_t bytes) { queued_ += bytes; }
  void SubQueued(size_t bytes) { queued_ -= bytes; }
  SessionHost& host() { return host_; }
  std::string_view peer() const { return peer_; }

 private:
  friend struct SessionCallbacks;  // nghttp2's, in session.cc

  void SendSettings();
  bool congested() const { return queued_ >= context_.limits.output_bytes; }
  void WakeWaiting();
  void CancelCalls();
  ServerCall* Find(int32_t stream_id) const;
  void OpenCall(int32_t stream_id);
  void CloseCall(ServerCall& call);
  bool Inspect(std::string_view bytes);
  // GOAWAY with this reason; nothing more is received, and calls are cancelled when nghttp2 has returned.
  void Break(uint32_t error_code);
  void OnResetReceived(ServerCall* call);
  void OnResetSent(uint32_t error_code);

  LoopContext& context_;
  SessionHost& host_;
  const std::string peer_;
  nghttp2_session* session_ = nullptr;
  FrameScanner scanner_;
  FrameBudget budget_;
  Gather* gather_ = nullptr;  // during Pull
  size_t pull_budget_ = 0;
  ServerCall* calls_ = nullptr;     // all of this connection
  ServerCall* in_headers_ = nullptr;  // whose headers are being received
  size_t queued_ = 0;               // bytes of unary answers not yet pulled
  std::deque<CallHandle> parked_;   // requests that wait for room
  std::vector<CallHandle> waiting_;  // handlers that wait for room
  bool handshake_done_ = false;
  bool broken_ = false;
  bool dead_ = false;  // nghttp2 has given up
};

}  // namespace memgrid::frontend::grpc
