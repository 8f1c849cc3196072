#include "frontend/grpc/session.h"

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/check.h"
#include "frontend/grpc/header_list.h"
#include "frontend/grpc/server_call.h"
#include "observe/log.h"

namespace memgrid::frontend::grpc {
namespace {

// nghttp2 looks at its input in such portions, so that what comes after a violation is not worked on for long.
constexpr size_t kPortion = 16u << 10;
// The largest DATA frame that we send, if the client takes it.
constexpr size_t kLargestFrame = 64u << 10;
// Header blocks over the limit are counted up to here; beyond, the stream is reset.
constexpr size_t kHopelessHeaders = 64u << 10;
// RST_STREAM in general: far beyond what an honest storm of deadlines makes; FrameBudget::resets is the real limit.
constexpr uint64_t kResetBurst = 200'000;
constexpr uint64_t kResetsPerSecond = 50'000;

bool IsOver(const CallHandle& handle) { return handle.Get() == nullptr; }

std::string_view View(const uint8_t* data, size_t size) { return {reinterpret_cast<const char*>(data), size}; }

// nghttp2's allocator on `pool`.
nghttp2_mem MemoryFrom(BlockPool& pool) {
  return {
      .mem_user_data = &pool,
      .malloc = [](size_t size, void* user) { return static_cast<BlockPool*>(user)->Take(size); },
      .free = [](void* block, void* user) { static_cast<BlockPool*>(user)->Give(block); },
      .calloc = [](size_t count, size_t size, void* user) -> void* {
        if (size != 0 && count > SIZE_MAX / size) return nullptr;
        void* block = static_cast<BlockPool*>(user)->Take(count * size);
        return block == nullptr ? nullptr : std::memset(block, 0, count * size);
      },
      .realloc = [](void* block, size_t size, void* user) { return static_cast<BlockPool*>(user)->Resize(block, size); },
  };
}

}  // namespace

// The functions that nghttp2 calls. None of them calls back into nghttp2's receiving or sending.
struct SessionCallbacks {
  static Session& Self(void* user_data) { return *static_cast<Session*>(user_data); }

  static int OnBeginHeaders(nghttp2_session*, const nghttp2_frame* frame, void* user_data) {
    if (frame->headers.cat == NGHTTP2_HCAT_REQUEST) Self(user_data).OpenCall(frame->hd.stream_id);
    return 0;
  }

  static int OnHeader(nghttp2_session*, const nghttp2_frame*, const uint8_t* name, size_t name_size,
                      const uint8_t* value, size_t value_size, uint8_t, void* user_data) {
    ServerCall* call = Self(user_data).in_headers_;
    if (call == nullptr) return 0;  // trailers of a request say nothing in gRPC
    call->OnHeader(View(name, name_size), View(value, value_size));
    return call->header_bytes() > kHopelessHeaders ? NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE : 0;
  }

  static int OnFrame(nghttp2_session*, const nghttp2_frame* frame, void* user_data) {
    Session& self = Self(user_data);
    switch (frame->hd.type) {
      case NGHTTP2_HEADERS:
        if (ServerCall* call = std::exchange(self.in_headers_, nullptr); call != nullptr) call->OnHeadersDone();
        [[fallthrough]];
      case NGHTTP2_DATA:
        if ((frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) {
          if (ServerCall* call = self.Find(frame->hd.stream_id); call != nullptr) call->OnEndStream();
        }
        return 0;
      case NGHTTP2_RST_STREAM:
        self.OnResetReceived(self.Find(frame->hd.stream_id));
        return 0;
      case NGHTTP2_SETTINGS:
        self.handshake_done_ = true;
        return 0;
      default:
        return 0;
    }
  }

  static int OnData(nghttp2_session* session, uint8_t, int32_t stream_id, const uint8_t* data, size_t size,
                    void* user_data) {
    ServerCall* call = Self(user_data).Find(stream_id);
    size_t taken = call == nullptr ? size : call->OnData(View(data, size));
    if (taken == size) return nghttp2_session_consume(session, stream_id, size);
    // The connection's window is for all its calls: one that is paused must not hold up the others.
    if (int error = nghttp2_session_consume_connection(session, size); error != 0) return error;
    return nghttp2_session_consume_stream(session, stream_id, taken);
  }

  static int OnStreamClose(nghttp2_session*, int32_t stream_id, uint32_t, void* user_data) {
    Session& self = Self(user_data);
    if (ServerCall* call = self.Find(stream_id); call != nullptr) self.CloseCall(*call);
    return 0;
  }

  static int OnFrameSent(nghttp2_session* session, const nghttp2_frame* frame, void* user_data) {
    Session& self = Self(user_data);
    if (frame->hd.type == NGHTTP2_DATA) self.budget_.OnDataSent();
    if (frame->hd.type == NGHTTP2_RST_STREAM) self.OnResetSent(frame->rst_stream.error_code);
    bool ends = (frame->hd.type == NGHTTP2_DATA || frame->hd.type == NGHTTP2_HEADERS) &&
                (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
    if (!ends) return 0;
    // A client that is still sending is told that nobody listens (RFC 9113, section 8.1).
    ServerCall* call = self.Find(frame->hd.stream_id);
    if (call == nullptr || call->half_closed()) return 0;
    return nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, frame->hd.stream_id, NGHTTP2_NO_ERROR);
  }

  static ssize_t ReadBody(nghttp2_session*, int32_t, uint8_t* into, size_t room, uint32_t* flags,
                          nghttp2_data_source* source, void* user_data) {
    Session& self = Self(user_data);
    // The calls of a broken connection are gone, though nghttp2 still has their streams.
    if (self.broken_) return NGHTTP2_ERR_DEFERRED;
    if (self.gather_->bytes() >= self.pull_budget_ || !self.gather_->Room()) return NGHTTP2_ERR_PAUSE;
    auto& call = *static_cast<ServerCall*>(source->ptr);
    if (call.ended_early()) return NGHTTP2_ERR_DEFERRED;
    ServerCall::Body body = call.GiveBody(reinterpret_cast<char*>(into), room);
    if (body.referred > 0) *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
    size_t size = body.copied + body.referred;
    if (!body.last) return size == 0 ? ssize_t{NGHTTP2_ERR_DEFERRED} : static_cast<ssize_t>(size);
    *flags |= NGHTTP2_DATA_FLAG_EOF;
    if (call.has_trailers()) {
      *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
      self.SubmitTrailers(call);
    }
    return static_cast<ssize_t>(size);
  }

  static int SendBody(nghttp2_session*, nghttp2_frame*, const uint8_t* frame_header, size_t size,
                      nghttp2_data_source* source, void* user_data) {
    Session& self = Self(user_data);
    self.gather_->Copy(View(frame_header, 9));
    static_cast<ServerCall*>(source->ptr)->TakeBody(size, *self.gather_);
    return 0;
  }

  static ssize_t FrameSize(nghttp2_session*, uint8_t, int32_t, int32_t connection_window, int32_t stream_window,
                           uint32_t largest, void*) {
    size_t window = static_cast<size_t>(std::max(0, std::min(connection_window, stream_window)));
    return static_cast<ssize_t>(std::min({window, size_t{largest}, kLargestFrame}));
  }

  // Made once for the process; nghttp2 copies both into each session.
  static nghttp2_session_callbacks* Callbacks() {
    static nghttp2_session_callbacks* const made = [] {
      nghttp2_session_callbacks* callbacks = nullptr;
      MEMGRID_CHECK(nghttp2_session_callbacks_new(&callbacks) == 0, "no memory for nghttp2");
      nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, OnBeginHeaders);
      nghttp2_session_callbacks_set_on_header_callback(callbacks, OnHeader);
      nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, OnFrame);
      nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, OnData);
      nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, OnStreamClose);
      nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, OnFrameSent);
      nghttp2_session_callbacks_set_send_data_callback(callbacks, SendBody);
      nghttp2_session_callbacks_set_data_source_read_length_callback(callbacks, FrameSize);
      return callbacks;
    }();
    return made;
  }

  static nghttp2_option* Options() {
    static nghttp2_option* const made = [] {
      nghttp2_option* options = nullptr;
      MEMGRID_CHECK(nghttp2_option_new(&options) == 0, "no memory for nghttp2");
      nghttp2_option_set_no_auto_window_update(options, 1);
      nghttp2_option_set_no_closed_streams(options, 1);
      nghttp2_option_set_stream_reset_rate_limit(options, kResetBurst, kResetsPerSecond);
      return options;
    }();
    return made;
  }
};

Session::Session(LoopContext& context, SessionHost& host, std::string_view peer)
    : context_(context), host_(host), peer_(peer), budget_(context.limits) {
  nghttp2_mem memory = MemoryFrom(context.nghttp2_memory);
  int error = nghttp2_session_server_new3(&session_, SessionCallbacks::Callbacks(), this, SessionCallbacks::Options(),
                                          &memory);
  MEMGRID_CHECK(error == 0, "nghttp2: ", nghttp2_strerror(error));
  SendSettings();
}

Session::~Session() {
  CancelCalls();
  nghttp2_session_del(session_);
}

void Session::SendSettings() {
  const Limits& limits = context_.limits;
  const nghttp2_settings_entry settings[] = {
      {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, limits.streams},
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, static_cast<uint32_t>(limits.stream_window)},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, static_cast<uint32_t>(limits.header_bytes)},
      {NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1},
  };
  dead_ = nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings, std::size(settings)) != 0 ||
          nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0,
                                                static_cast<int32_t>(limits.connection_window)) != 0;
}

void Session::Receive(std::string_view bytes) {
  context_.counters.bytes_received.Add(bytes.size());
  while (!bytes.empty() && !dead_ && !broken_) {
    std::string_view portion = bytes.substr(0, kPortion);
    bytes.remove_prefix(portion.size());
    if (!Inspect(portion)) break;
    ssize_t taken =
        nghttp2_session_mem_recv(session_, reinterpret_cast<const uint8_t*>(portion.data()), portion.size());
    if (taken >= 0 || broken_) continue;
    if (taken == NGHTTP2_ERR_BAD_CLIENT_MAGIC || taken == NGHTTP2_ERR_NOMEM) {
      dead_ = true;
    } else {
      Punish(nghttp2_strerror(static_cast<int>(taken)));
    }
  }
  if (dead_ || broken_) CancelCalls();
  host_.OnOutput();
}

void Session::Pull(Gather& gather, size_t budget) {
  if (dead_) return;
  WakeWaiting();
  gather_ = &gather;
  pull_budget_ = budget;
  while (gather.bytes() < budget && gather.Room()) {
    const uint8_t* data = nullptr;
    ssize_t size = nghttp2_session_mem_send(session_, &data);
    if (size > 0) gather.Copy(View(data, static_cast<size_t>(size)));
    if (size < 0) dead_ = true;
    if (size <= 0) break;
  }
  gather_ = nullptr;
  if (dead_ || broken_) CancelCalls();
}

bool Session::WantsToSend() const {
  if (dead_) return false;
  if (nghttp2_session_want_write(session_) != 0) return true;
  if (!parked_.empty() && !congested()) return true;
  return std::any_of(waiting_.begin(), waiting_.end(), [](const CallHandle& handle) {
    auto* call = static_cast<ServerCall*>(handle.Get());
    return call != nullptr && !call->IsFull();
  });
}

bool Session::Ended() const {
  return dead_ || (nghttp2_session_want_read(session_) == 0 && nghttp2_session_want_write(session_) == 0);
}

// Uses the room that has come: first requests that were parked, then handlers that wait.
void Session::WakeWaiting() {
  while (!parked_.empty() && !congested()) {
    auto* call = static_cast<ServerCall*>(parked_.front().Get());
    parked_.pop_front();
    if (call != nullptr) call->Dispatch();
  }
  if (waiting_.empty()) return;
  std::vector<CallHandle> waiting = std::exchange(waiting_, {});
  for (const CallHandle& handle : waiting) {
    auto* call = static_cast<ServerCall*>(handle.Get());
    if (call != nullptr && !call->OnDrained()) waiting_.push_back(handle);
  }
}

void Session::Start(ServerCall& call) {
  if (congested() || !parked_.empty()) {
    // Calls that ended while they waited leave nulls behind.
    if (parked_.size() >= 2 * context_.limits.streams) std::erase_if(parked_, IsOver);
    parked_.push_back(call.handle());
  } else {
    call.Dispatch();
  }
}

void Session::AwaitDrain(ServerCall& call) {
  if (waiting_.size() >= 2 * context_.limits.streams) std::erase_if(waiting_, IsOver);
  waiting_.push_back(call.handle());
}

void Session::SendPing() {
  if (nghttp2_submit_ping(session_, NGHTTP2_FLAG_NONE, nullptr) != 0) dead_ = true;
  host_.OnOutput();
}

void Session::BeginDrain() {
  nghttp2_submit_shutdown_notice(session_);
  host_.OnOutput();
}

void Session::FinishDrain() {
  nghttp2_submit_goaway(session_, NGHTTP2_FLAG_NONE, nghttp2_session_get_last_proc_stream_id(session_),
                        NGHTTP2_NO_ERROR, nullptr, 0);
  host_.OnOutput();
}

void Session::Punish(std::string_view reason) {
  if (broken_) return;
  context_.counters.connections_punished.Add(1);
  if (context_.punish_log.Pass(context_.now.count())) {
    observe::Warning("grpc connection cut off", {{"peer", peer_}, {"reason", reason}});
  }
  Break(NGHTTP2_ENHANCE_YOUR_CALM);
}

void Session::CancelCalls() {
  while (calls_ != nullptr) CloseCall(*calls_);
}

ServerCall* Session::Find(int32_t stream_id) const {
  return static_cast<ServerCall*>(nghttp2_session_get_stream_user_data(session_, stream_id));
}

void Session::OpenCall(int32_t stream_id) {
  ServerCall* call = context_.NewCall().release();
  call->next = calls_;
  call->previous = nullptr;
  if (calls_ != nullptr) calls_->previous = call;
  calls_ = call;
  nghttp2_session_set_stream_user_data(session_, stream_id, call);
  in_headers_ = call;
  call->Begin(*this, stream_id);
}

void Session::CloseCall(ServerCall& call) {
  nghttp2_session_set_stream_user_data(session_, call.stream_id(), nullptr);
  (call.previous != nullptr ? call.previous->next : calls_) = call.next;
  if (call.next != nullptr) call.next->previous = call.previous;
  if (in_headers_ == &call) in_headers_ = nullptr;
  call.OnClosed();
}

// Looks at the frames that begin in `bytes`; false if one of them ends the connection.
bool Session::Inspect(std::string_view bytes) {
  FrameHead frame;
  while (scanner_.Next(&bytes, &frame)) {
    switch (budget_.OnFrame(frame, context_.now)) {
      case FrameBudget::Verdict::kFine:
        break;
      case FrameBudget::Verdict::kExcess:
        Punish("too many frames that carry nothing");
        return false;
      case FrameBudget::Verdict::kClosedStream:
        Break(NGHTTP2_STREAM_CLOSED);
        return false;
      case FrameBudget::Verdict::kProtocolError:
        Break(NGHTTP2_PROTOCOL_ERROR);
        return false;
    }
  }
  return true;
}

void Session::Break(uint32_t error_code) {
  broken_ = true;
  if (nghttp2_session_terminate_session(session_, error_code) != 0) dead_ = true;
  host_.OnOutput();
}

void Session::OnResetReceived(ServerCall* call) {
  if (call == nullptr) return;
  context_.counters.resets_received.Add(1);
  if (call->AboutToExpire(context_.now)) return;
  if (!budget_.OnReset(context_.now)) Punish("too many RST_STREAM of calls under way");
}

void Session::OnResetSent(uint32_t error_code) {
  // Ours says NO_ERROR; a refused stream has cost nothing.
  if (error_code == NGHTTP2_NO_ERROR || error_code == NGHTTP2_REFUSED_STREAM) return;
  context_.counters.resets_provoked.Add(1);
  if (!budget_.OnProvokedReset(context_.now)) Punish("too many streams broken by invalid frames");
}

void Session::SubmitHead(ServerCall& call, const HeaderList& headers, bool with_body) {
  nghttp2_data_provider body{.source = {.ptr = &call}, .read_callback = SessionCallbacks::ReadBody};
  int error = nghttp2_submit_response(session_, call.stream_id(), headers.data(), headers.size(),
                                      with_body ? &body : nullptr);
  if (error != 0) dead_ = true;
}

void Session::SubmitTrailers(const ServerCall& call) {
  HeaderList list;
  ServerCall::StatusText text;
  call.WriteStatus(&text, &list);
  if (nghttp2_submit_trailer(session_, call.stream_id(), list.data(), list.size()) != 0) dead_ = true;
}

void Session::ResumeBody(int32_t stream_id) {
  // Fails only for a stream that is about to be closed.
  nghttp2_session_resume_data(session_, stream_id);
}

void Session::Consume(int32_t stream_id, size_t n) {
  if (nghttp2_session_consume_stream(session_, stream_id, n) != 0) dead_ = true;
  host_.OnOutput();
}

}  // namespace memgrid::frontend::grpc
