#include "frontend/grpc/server_call.h"

#include <utility>

#include "base/status.h"
#include "frontend/grpc/header_list.h"
#include "frontend/grpc/loop_context.h"
#include "frontend/grpc/session.h"

namespace memgrid::frontend::grpc {
namespace {

absl::Status NotOneMessage(std::string_view path) {
  return base::Unimplemented("method ", path, " takes exactly one request message");
}

}  // namespace

ServerCall::ServerCall(LoopContext& context) : context_(context), reader_(context.limits, context.counters) {}

ServerCall::~ServerCall() = default;

void ServerCall::Begin(Session& session, int32_t stream_id) {
  session_ = &session;
  stream_id_ = stream_id;
  slot_ = context_.TakeSlot();
  slot_->call = this;
  context_.counters.calls_started.Add(1);
  context_.counters.calls_open.Add(1);
}

void ServerCall::OnHeader(std::string_view name, std::string_view value) {
  if (!head_.Add(name, value, context_.limits.header_bytes)) headers_too_large_ = true;
}

void ServerCall::OnHeadersDone() {
  if (!Route() || slot_ == nullptr) return;
  if (head_.timeout().has_value()) {
    deadline_ = context_.now + *head_.timeout();
    if (head_.timeout()->count() == 0) return OnDeadline();
    context_.wheel.Set(*this, deadline_);
  }
  if (!method_->stream) return;
  streaming_ = true;
  handler_ = method_->stream(*this);
}

// Finds the method; if there is none, or the request is not fit for one, answers that and returns false.
bool ServerCall::Route() {
  if (headers_too_large_) {
    EndWith(base::ResourceExhausted("headers of ", head_.bytes(), " bytes; at most ", context_.limits.header_bytes,
                                    " are allowed"));
  } else if (head_.http_method() != RequestHead::HttpMethod::kPost) {
    plain_status_ = "405";
  } else if (!head_.is_grpc()) {
    plain_status_ = "415";
  } else if (!head_.error().empty()) {
    EndWith(base::Internal(head_.error()));
  } else if (method_ = context_.methods.Find(head_.path()); method_ == nullptr) {
    EndWith(base::Unimplemented("there is no method ", head_.path()));
  } else if (head_.encoding() == RequestHead::Encoding::kUnknown) {
    AddTrailer("grpc-accept-encoding", "identity,gzip");
    EndWith(base::Unimplemented("grpc-encoding is neither identity nor gzip"));
  } else {
    return true;
  }
  return false;
}

// HTTP, not gRPC: answered as HTTP, when the request has come to its end.
void ServerCall::AnswerPlain() {
  constexpr std::string_view kText = "This port speaks gRPC: requests are POST, their content-type is application/grpc.\n";
  HeaderList list;
  list.AddStatic(":status", plain_status_);
  list.AddStatic("content-type", "text/plain; charset=utf-8");
  bool with_body = head_.http_method() != RequestHead::HttpMethod::kHead;
  if (with_body) {
    answer_.PushPlain(kText);
    AddQueued(kText.size());
  }
  head_sent_ = true;
  finished_ = true;
  session_->SubmitHead(*this, list, with_body);
  Over(absl::OkStatus());
}

size_t ServerCall::OnData(std::string_view bytes) {
  if (slot_ == nullptr || !plain_status_.empty()) return bytes.size();
  size_t before = bytes.size();
  if (backlog_.empty()) Parse(&bytes);
  if (bytes.empty() || slot_ == nullptr) return before;
  size_t taken = before - bytes.size();
  return AddToBacklog(bytes) ? taken : before;
}

// Hands whole messages to the service, until it pauses or is over.
void ServerCall::Parse(std::string_view* in) {
  parsing_ = true;
  while (!in->empty() && slot_ != nullptr && !paused_) {
    if (reader_.complete()) {
      EndWith(NotOneMessage(head_.path()));
      break;
    }
    absl::Status status = reader_.Feed(in);
    if (!status.ok()) {
      context_.counters.messages_refused.Add(1);
      EndWith(status);
    } else if (reader_.complete() && handler_ != nullptr) {
      base::Buffer message;
      if (TakeMessage(&message)) handler_->OnMessage(std::move(message));
    }
  }
  parsing_ = false;
}

// The message that is complete, unpacked. False: it could not be, and the call has been ended with the reason.
bool ServerCall::TakeMessage(base::Buffer* message) {
  request_compressed_ = reader_.compressed();
  *message = reader_.Take();
  context_.counters.messages_received.Add(1);
  if (!request_compressed_) return true;
  if (head_.encoding() != RequestHead::Encoding::kGzip) {
    EndWith(base::Internal("a message is marked as compressed, but there is no grpc-encoding"));
    return false;
  }
  absl::StatusOr<base::Buffer> unpacked = context_.gzip.Unpack(message->view(), context_.limits.message_bytes);
  if (!unpacked.ok()) {
    context_.counters.messages_refused.Add(1);
    EndWith(unpacked.status());
    return false;
  }
  *message = *std::move(unpacked);
  return true;
}

bool ServerCall::AddToBacklog(std::string_view bytes) {
  if (context_.counters.incomplete_bytes.get() + bytes.size() > context_.limits.incomplete_bytes) {
    context_.counters.messages_refused.Add(1);
    EndWith(base::WithRetryAfter(base::Unavailable("too many incomplete requests: ", context_.limits.incomplete_bytes,
                                                   " bytes are allowed for a loop of the server"),
                                 100));
    return false;
  }
  context_.counters.incomplete_bytes.Add(bytes.size());
  backlog_.append(bytes);
  return true;
}

void ServerCall::DropBacklog() {
  if (backlog_.empty()) return;
  context_.counters.incomplete_bytes.Sub(backlog_.size());
  backlog_ = std::string();
  backlog_taken_ = 0;
}

void ServerCall::ResumeReading() {
  if (!paused_) return;
  paused_ = false;
  if (parsing_ || slot_ == nullptr) return;
  ParseBacklog();
  if (half_closed_ && slot_ != nullptr && !paused_ && backlog_.empty()) EndOfRequest();
}

void ServerCall::ParseBacklog() {
  if (backlog_.empty()) return;
  std::string_view rest = std::string_view(backlog_).substr(backlog_taken_);
  size_t before = rest.size();
  Parse(&rest);
  if (slot_ == nullptr) return DropBacklog();
  session_->Consume(stream_id_, before - rest.size());
  backlog_taken_ += before - rest.size();
  if (backlog_taken_ == backlog_.size()) DropBacklog();
}

void ServerCall::OnEndStream() {
  half_closed_ = true;
  if (slot_ != nullptr && !paused_ && backlog_.empty()) EndOfRequest();
}

void ServerCall::EndOfRequest() {
  if (end_seen_) return;
  end_seen_ = true;
  if (!plain_status_.empty()) {
    AnswerPlain();
  } else if (!reader_.idle() && !reader_.complete()) {
    EndWith(base::Internal("the request ends inside a message"));
  } else if (handler_ != nullptr) {
    handler_->OnHalfClose();
  } else if (!reader_.complete()) {
    EndWith(NotOneMessage(head_.path()));
  } else {
    session_->Start(*this);
  }
}

void ServerCall::Dispatch() {
  base::Buffer message;
  if (TakeMessage(&message)) method_->unary(*this, std::move(message));
}

void ServerCall::OnDeadline() {
  if (slot_ == nullptr) return;
  context_.counters.deadlines_exceeded.Add(1);
  EndWith(absl::DeadlineExceededError(outcome_unknown_ ? "deadline exceeded; outcome unknown" : "deadline exceeded"));
}

bool ServerCall::AboutToExpire(env::Nanos now) const {
  if (!head_.timeout().has_value()) return false;
  // The client's timer started before ours; what it sends on expiry takes its time too.
  return now + *head_.timeout() / 8 + env::Millis(5) >= deadline_;
}

void ServerCall::EndWith(const absl::Status& status) {
  if (slot_ == nullptr) return;
  DropAnswer();
  Over(status);
  if (!head_sent_) return SendStatus(status);
  // The client may have left no window for a body, and nghttp2 would wait for one.
  status_ = status;
  context_.counters.calls_failed.Add(1);
  ended_early_ = true;
  session_->SubmitTrailers(*this);
  session_->host().OnOutput();
}

void ServerCall::Over(const absl::Status& done) {
  context_.ReturnSlot(std::exchange(slot_, nullptr));
  context_.wheel.Clear(*this);
  context_.counters.calls_open.Sub(1);
  reader_.Reset();
  if (!parsing_) DropBacklog();
  if (handler_ == nullptr) return;
  done_ = done;
  context_.AwaitDone(this);
}

void ServerCall::TellDone() {
  std::unique_ptr<CallHandler> handler = std::move(handler_);
  handler->OnDone(done_);
  handler.reset();
  if (session_ == nullptr) Reset();
}

void ServerCall::OnClosed() {
  if (slot_ != nullptr) {
    context_.counters.calls_cancelled.Add(1);
    Over(absl::CancelledError("the client ended the call"));
  }
  DropAnswer();
  session_ = nullptr;
  if (handler_ == nullptr) Reset();
}

void ServerCall::DropAnswer() {
  SubQueued(answer_.bytes());
  answer_.Clear();
}

void ServerCall::AddQueued(size_t bytes) {
  context_.counters.output_bytes.Add(bytes);
  if (!streaming_) session_->AddQueued(bytes);
}

void ServerCall::SubQueued(size_t bytes) {
  context_.counters.output_bytes.Sub(bytes);
  if (!streaming_) session_->SubQueued(bytes);
}

// Ready for the next call.
void ServerCall::Reset() {
  method_ = nullptr;
  head_.Clear();
  DropBacklog();
  initial_metadata_.clear();
  trailers_.clear();
  status_ = absl::OkStatus();
  done_ = absl::OkStatus();
  deadline_ = env::Nanos::max();
  compression_ = Compression::kAsRequest;
  headers_too_large_ = may_compress_ = head_sent_ = finished_ = ended_early_ = streaming_ = deferred_ = false;
  plain_status_ = {};
  waits_for_drain_ = half_closed_ = end_seen_ = paused_ = parsing_ = outcome_unknown_ = request_compressed_ = false;
  context_.Recycle(std::unique_ptr<ServerCall>(this));
}

CallHandle ServerCall::handle() const { return slot_ == nullptr ? CallHandle() : CallHandle(slot_); }

env::Loop& ServerCall::loop() { return context_.loop; }

std::string_view ServerCall::peer() const { return session_ == nullptr ? std::string_view() : session_->peer(); }

void ServerCall::BringForward(env::Nanos deadline) {
  if (slot_ == nullptr || deadline >= deadline_) return;
  deadline_ = deadline;
  context_.wheel.Set(*this, deadline);
}

}  // namespace memgrid::frontend::grpc
