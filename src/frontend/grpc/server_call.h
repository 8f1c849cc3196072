// One gRPC call: what the session tells it on one side, what the service sees on the other.
//
// A call is over for its service when it has been finished, cancelled or timed out; it stays on its stream until the
// answer has been sent or the stream is closed. Objects are used for many calls, one after the other.

#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "frontend/grpc/answer_queue.h"
#include "frontend/grpc/call.h"
#include "frontend/grpc/deadline_wheel.h"
#include "frontend/grpc/message_reader.h"
#include "frontend/grpc/request_head.h"
#include "frontend/grpc/status_map.h"

namespace memgrid::frontend::grpc {

class Gather;
class HeaderList;
class LoopContext;
class Session;

class ServerCall final : public Call, private DeadlineWheel::Entry {
 public:
  explicit ServerCall(LoopContext& context);
  ~ServerCall() override;

  // --- The session's side. None of these runs inside another.

  // A stream has been opened.
  void Begin(Session& session, int32_t stream_id);
  void OnHeader(std::string_view name, std::string_view value);
  // All headers are there: finds the method, or answers why not.
  void OnHeadersDone();
  // Bytes of the request. Returns how many of them are dealt with; for the rest the client gets window later
  // (Session::Consume).
  size_t OnData(std::string_view bytes);
  // The client has sent everything.
  void OnEndStream();
  // Runs the unary method whose request is complete.
  void Dispatch();
  // No more of the answer should be queued now.
  bool IsFull() const;
  // Tells the handler that there is room again; false if there is not.
  bool OnDrained();
  // The stream is closed, whatever for. The object may be given to another call.
  void OnClosed();
  // The call's handler hears that it is over.
  void TellDone();

  // Gives body bytes: `copied` into `into`, or `referred` to be had with TakeBody. With `last` no more will come, and the
  // trailers are to follow at once. Nothing at all: ask again after Session::ResumeBody.
  struct Body {
    size_t copied = 0;
    size_t referred = 0;
    bool last = false;
  };
  Body GiveBody(char* into, size_t room);
  void TakeBody(size_t n, Gather& gather);
  // Adds the trailers to `list`, which borrows from the call and from `text`.
  struct StatusText {
    StatusTrailers status;
    std::string retry_after;
  };
  void WriteStatus(StatusText* text, HeaderList* list) const;
  // Trailers have been submitted though the body has not come to its end.
  bool ended_early() const { return ended_early_; }
  // True if trailers end the answer (not so for plain HTTP).
  bool has_trailers() const { return plain_status_.empty(); }

  int32_t stream_id() const { return stream_id_; }
  size_t header_bytes() const { return head_.bytes(); }
  bool half_closed() const { return half_closed_; }
  // True if the client gave up, at `now`, what had a deadline then at hand.
  bool AboutToExpire(env::Nanos now) const;

  // Intrusive list of a session's calls.
  ServerCall* next = nullptr;
  ServerCall* previous = nullptr;

  // --- The service's side.
  CallHandle handle() const override;
  std::string_view method() const override { return head_.path(); }
  std::string_view metadata(std::string_view name) const override { return head_.metadata(name); }
  void ForEachMetadata(absl::FunctionRef<void(std::string_view, std::string_view)> visit) const override {
    head_.ForEach(visit);
  }
  bool request_compressed() const override { return request_compressed_; }
  env::Nanos deadline() const override { return deadline_; }
  void BringForward(env::Nanos deadline) override;
  void MarkOutcomeUnknown() override { outcome_unknown_ = true; }
  env::Loop& loop() override;
  std::string_view peer() const override;
  void AddInitialMetadata(std::string_view name, std::string_view value) override;
  void AddTrailer(std::string_view name, std::string_view value) override;
  void Compress(bool on) override;
  void Send(Message&& message) override;
  bool full() override;
  void PauseReading() override { paused_ = true; }
  void ResumeReading() override;
  void Finish(const absl::Status& status) override;

 private:
  enum class Compression : uint8_t { kAsRequest, kOn, kOff };

  void OnDeadline() override;
  bool Route();
  void AnswerPlain();
  void Parse(std::string_view* in);
  void ParseBacklog();
  bool AddToBacklog(std::string_view bytes);
  void DropBacklog();
  void EndOfRequest();
  bool TakeMessage(base::Buffer* message);
  bool ShouldCompress(size_t size) const;
  // Ends the call from below: nothing more of the answer but this status.
  void EndWith(const absl::Status& status);
  // The service's part is over; its handler, if there is one, is told `done` later.
  void Over(const absl::Status& done);
  void SendStatus(const absl::Status& status);
  void SendHead();
  void WriteError(StatusText* text, HeaderList* list) const;
  void DropAnswer();
  void AddQueued(size_t bytes);
  void SubQueued(size_t bytes);
  void Reset();

  LoopContext& context_;
  Session* session_ = nullptr;  // null: not on a stream
  CallSlot* slot_ = nullptr;    // null: over
  const Method* method_ = nullptr;
  std::unique_ptr<CallHandler> handler_;
  RequestHead head_;
  MessageReader reader_;
  AnswerQueue answer_;
  std::string backlog_;  // received while reading was paused
  size_t backlog_taken_ = 0;
  std::vector<std::pair<std::string, std::string>> initial_metadata_;
  std::vector<std::pair<std::string, std::string>> trailers_;
  absl::Status status_;  // of the answer
  absl::Status done_;    // for the handler
  std::string_view plain_status_;  // `:status` of an answer that is not gRPC; static
  env::Nanos deadline_ = env::Nanos::max();
  int32_t stream_id_ = 0;
  Compression compression_ = Compression::kAsRequest;
  bool headers_too_large_ = false;
  bool may_compress_ = false;  // grpc-encoding of the answer is gzip
  bool head_sent_ = false;
  bool finished_ = false;  // status_ is set: trailers may go
  bool ended_early_ = false;
  bool streaming_ = false;  // its method is
  bool deferred_ = false;  // nghttp2 waits for body
  bool waits_for_drain_ = false;
  bool half_closed_ = false;
  bool end_seen_ = false;  // EndOfRequest has run
  bool paused_ = false;
  bool parsing_ = false;
  bool request_compressed_ = false;
  bool outcome_unknown_ = false;
};

}  // namespace memgrid::frontend::grpc
