// The answer's half of ServerCall: messages, status, headers and trailers.

#include <algorithm>

#include "base/check.h"
#include "base/status.h"
#include "frontend/grpc/header_list.h"
#include "frontend/grpc/loop_context.h"
#include "frontend/grpc/protocol.h"
#include "frontend/grpc/server_call.h"
#include "frontend/grpc/session.h"
#include "frontend/grpc/status_map.h"

namespace memgrid::frontend::grpc {
namespace {

// A call's own share of what may be queued.
constexpr size_t kCallQueue = 64u << 10;
// Answers that are compressed only because the request was: shorter ones gain nothing, longer ones hold the loop.
constexpr size_t kCompressFrom = 256;
constexpr size_t kCompressTo = 1u << 20;

using Metadata = std::vector<std::pair<std::string, std::string>>;

// Adds an entry if HTTP/2 can carry it.
void AddEntry(std::string_view name, std::string_view value, Metadata* list) {
  std::string text = IsBinaryName(name) ? EncodeBinary(value) : std::string(value);
  auto bytes = [](std::string_view s) { return reinterpret_cast<const uint8_t*>(s.data()); };
  if (name.starts_with(':') || nghttp2_check_header_name(bytes(name), name.size()) == 0) return;
  if (nghttp2_check_header_value(bytes(text), text.size()) == 0) return;
  list->emplace_back(name, std::move(text));
}

}  // namespace

void ServerCall::AddInitialMetadata(std::string_view name, std::string_view value) {
  AddEntry(name, value, &initial_metadata_);
}

void ServerCall::AddTrailer(std::string_view name, std::string_view value) { AddEntry(name, value, &trailers_); }

void ServerCall::Compress(bool on) {
  compression_ = on ? Compression::kOn : Compression::kOff;
  if (on && !head_sent_) may_compress_ = head_.accepts_gzip();
}

bool ServerCall::ShouldCompress(size_t size) const {
  if (!may_compress_ || compression_ == Compression::kOff) return false;
  return compression_ == Compression::kOn || (size >= kCompressFrom && size <= kCompressTo);
}

void ServerCall::Send(Message&& message) {
  if (slot_ == nullptr) return;
  if (!head_sent_) SendHead();
  bool compressed = ShouldCompress(message.size());
  if (compressed) message = Message{.head = context_.gzip.Pack(message), .body = {}, .tail = {}};
  size_t before = answer_.bytes();
  OutgoingRef outgoing = answer_.Push(std::move(message), compressed, context_.counters);
  AddQueued(answer_.bytes() - before);
  context_.counters.messages_sent.Add(1);
  if (outgoing) session_->host().OnEngineMemory(std::move(outgoing));
  if (deferred_) {
    deferred_ = false;
    session_->ResumeBody(stream_id_);
  }
  session_->host().OnOutput();
}

void ServerCall::SendHead() {
  if (compression_ == Compression::kAsRequest) {
    may_compress_ = head_.accepts_gzip() && head_.encoding() == RequestHead::Encoding::kGzip;
  }
  HeaderList list;
  list.AddStatic(":status", "200");
  list.AddStatic("content-type", "application/grpc");
  if (may_compress_) list.AddStatic("grpc-encoding", "gzip");
  for (const auto& [name, value] : initial_metadata_) list.Add(name, value);
  head_sent_ = true;
  session_->SubmitHead(*this, list, /*with_body=*/true);
}

bool ServerCall::IsFull() const { return answer_.bytes() >= kCallQueue; }

bool ServerCall::full() {
  if (slot_ == nullptr || !IsFull()) return false;
  if (!waits_for_drain_) {
    waits_for_drain_ = true;
    session_->AwaitDrain(*this);
  }
  return true;
}

bool ServerCall::OnDrained() {
  if (IsFull()) return false;
  waits_for_drain_ = false;
  if (handler_ != nullptr) handler_->OnDrained();
  return true;
}

void ServerCall::Finish(const absl::Status& status) {
  if (slot_ == nullptr) return;
  Over(absl::OkStatus());
  SendStatus(status);
}

void ServerCall::SendStatus(const absl::Status& status) {
  if (!status.ok()) context_.counters.calls_failed.Add(1);
  status_ = status;
  finished_ = true;
  if (!head_sent_ && initial_metadata_.empty()) {
    // One block of headers is the whole answer.
    HeaderList list;
    list.AddStatic(":status", "200");
    list.AddStatic("content-type", "application/grpc");
    head_sent_ = true;
    StatusText text;
    WriteStatus(&text, &list);
    session_->SubmitHead(*this, list, /*with_body=*/false);
  } else if (!head_sent_) {
    SendHead();
  } else if (deferred_) {
    deferred_ = false;
    session_->ResumeBody(stream_id_);
  }
  session_->host().OnOutput();
}

void ServerCall::WriteStatus(StatusText* text, HeaderList* list) const {
  if (status_.ok()) {
    list->AddStatic("grpc-status", "0");
  } else {
    WriteError(text, list);
  }
  for (const auto& [name, value] : trailers_) list->Add(name, value);
}

void ServerCall::WriteError(StatusText* text, HeaderList* list) const {
  text->status = ToTrailers(status_);
  list->AddStatic("grpc-status", text->status.code);
  if (!text->status.message.empty()) list->Add("grpc-message", text->status.message);
  if (text->status.retry_after.has_value()) {
    text->retry_after = std::to_string(*text->status.retry_after);
    list->Add("retry-after-ms", text->retry_after);
  }
}

ServerCall::Body ServerCall::GiveBody(char* into, size_t room) {
  Body body;
  if (answer_.small() > 0) {
    body.copied = answer_.CopySmall(into, room);
    SubQueued(body.copied);
  } else {
    body.referred = std::min(answer_.large(), room);
  }
  body.last = finished_ && answer_.bytes() == body.referred;
  deferred_ = body.copied == 0 && body.referred == 0 && !body.last;
  return body;
}

void ServerCall::TakeBody(size_t n, Gather& gather) {
  answer_.TakeLarge(n, gather);
  SubQueued(n);
}

}  // namespace memgrid::frontend::grpc
