#include "frontend/grpc/testing/raw_client.h"

#include <nghttp2/nghttp2.h>

#include "base/check.h"

namespace memgrid::frontend::grpc {
namespace {

std::string Number(uint32_t value, int bytes) {
  std::string out;
  for (int i = bytes - 1; i >= 0; --i) out.push_back(static_cast<char>(value >> (8 * i)));
  return out;
}

uint32_t Read32(std::string_view bytes) {
  uint32_t value = 0;
  for (char c : bytes.substr(0, 4)) value = value << 8 | static_cast<uint8_t>(c);
  return value;
}

// An HPACK string without Huffman coding.
std::string HpackString(std::string_view text) {
  std::string out;
  if (text.size() < 127) {
    out.push_back(static_cast<char>(text.size()));
  } else {
    out.push_back(127);
    size_t rest = text.size() - 127;
    for (; rest >= 128; rest /= 128) out.push_back(static_cast<char>(rest % 128 + 128));
    out.push_back(static_cast<char>(rest));
  }
  return out.append(text);
}

}  // namespace

std::string RawFrame(uint8_t type, uint8_t flags, int32_t stream, std::string_view payload) {
  std::string out = Number(static_cast<uint32_t>(payload.size()), 3);
  out.push_back(static_cast<char>(type));
  out.push_back(static_cast<char>(flags));
  return out.append(Number(static_cast<uint32_t>(stream), 4)).append(payload);
}

std::string RawHeaders(const HeaderPairs& headers) {
  std::string out;
  for (const auto& [name, value] : headers) {
    out.push_back(0);  // literal, not indexed, new name
    out.append(HpackString(name)).append(HpackString(value));
  }
  return out;
}

std::string RawPreface(uint32_t stream_window) {
  return "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" +
         RawFrame(NGHTTP2_SETTINGS, 0, 0, Number(NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 2) + Number(stream_window, 4)) +
         RawWindowUpdate(0, (1u << 30));
}

std::string RawWindowUpdate(int32_t stream, uint32_t bytes) {
  return RawFrame(NGHTTP2_WINDOW_UPDATE, 0, stream, Number(bytes, 4));
}

HeaderPairs GrpcHeaders(std::string_view path, const HeaderPairs& extra) {
  HeaderPairs headers = {{":method", "POST"}, {":scheme", "http"},  {":path", std::string(path)},
                         {":authority", "t"}, {"te", "trailers"}, {"content-type", "application/grpc"}};
  headers.insert(headers.end(), extra.begin(), extra.end());
  return headers;
}

std::string Framed(std::string_view message, bool compressed) {
  std::string out(1, static_cast<char>(compressed));
  return out.append(Number(static_cast<uint32_t>(message.size()), 4)).append(message);
}

std::string RawCall(int32_t stream, std::string_view path, std::string_view message, const HeaderPairs& extra) {
  return RawFrame(NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, stream, RawHeaders(GrpcHeaders(path, extra))) +
         RawFrame(NGHTTP2_DATA, NGHTTP2_FLAG_END_STREAM, stream, Framed(message));
}

RawClient::RawClient(env::SimWorld& world, env::Loop& loop, std::string_view address) : world_(world) {
  nghttp2_hd_inflate_new(&inflater_);
  loop.network().Connect(address, 10'000, [this](absl::StatusOr<std::unique_ptr<env::Connection>> connected) {
    MEMGRID_CHECK(connected.ok(), connected.status().ToString());
    connection_ = *std::move(connected);
    connection_->SetHandler(this);
  });
  MEMGRID_CHECK(world_.RunUntil([this] { return connection_ != nullptr; }, env::Millis(20'000)), "not connected");
}

RawClient::~RawClient() { nghttp2_hd_inflate_del(inflater_); }

void RawClient::Send(std::string_view bytes) {
  outbox_.append(bytes);
  Flush();
}

void RawClient::SendSlowly(std::string_view bytes, size_t portion) {
  while (!bytes.empty() && connection_ != nullptr) {
    Send(bytes.substr(0, portion));
    bytes.remove_prefix(std::min(portion, bytes.size()));
    world_.RunFor(env::Millis(5));
  }
}

void RawClient::Read(bool on) {
  reads_ = on;
  if (connection_ != nullptr) connection_->SetInterest(reads_, !outbox_.empty());
}

void RawClient::Flush() {
  while (connection_ != nullptr && !outbox_.empty()) {
    env::IoSlice slice{outbox_.data(), std::min<size_t>(outbox_.size(), 1u << 20)};
    env::IoResult result = connection_->Write({&slice, 1});
    if (result.kind == env::IoResult::kWouldBlock) break;
    if (result.kind != env::IoResult::kOk) return connection_.reset();
    outbox_.erase(0, result.bytes);
  }
  if (connection_ != nullptr) connection_->SetInterest(reads_, !outbox_.empty());
}

bool RawClient::Await(int32_t stream, env::Nanos limit) {
  return world_.RunUntil([&] { return answers_[stream].ended || answers_[stream].reset || ended(); }, limit);
}

bool RawClient::AwaitEnd(env::Nanos limit) {
  return world_.RunUntil([&] { return ended(); }, limit);
}

void RawClient::OnReadable() {
  char bytes[65536];
  env::IoResult result = connection_->Read(bytes);
  if (result.kind == env::IoResult::kWouldBlock) return;
  if (result.kind != env::IoResult::kOk) return connection_.reset();
  inbox_.append(bytes, result.bytes);
  Parse();
}

void RawClient::OnWritable() { Flush(); }

void RawClient::Parse() {
  size_t at = 0;
  while (inbox_.size() - at >= 9) {
    std::string_view rest = std::string_view(inbox_).substr(at);
    size_t length = Read32(std::string(1, '\0').append(rest.substr(0, 3)));
    if (rest.size() < 9 + length) break;
    OnFrame(static_cast<uint8_t>(rest[3]), static_cast<uint8_t>(rest[4]), static_cast<int32_t>(Read32(rest.substr(5))),
            rest.substr(9, length));
    at += 9 + length;
  }
  inbox_.erase(0, at);
}

void RawClient::OnFrame(uint8_t type, uint8_t flags, int32_t stream, std::string_view payload) {
  switch (type) {
    case NGHTTP2_DATA:
      answers_[stream].body.append(payload);
      answers_[stream].ended = (flags & NGHTTP2_FLAG_END_STREAM) != 0;
      break;
    case NGHTTP2_HEADERS:
      OnHeaders(flags, stream, payload);
      break;
    case NGHTTP2_RST_STREAM:
      answers_[stream].reset = true;
      answers_[stream].reset_code = Read32(payload);
      break;
    case NGHTTP2_SETTINGS:
      if ((flags & NGHTTP2_FLAG_ACK) == 0 && acknowledges_settings) Send(RawFrame(NGHTTP2_SETTINGS, NGHTTP2_FLAG_ACK, 0, ""));
      break;
    case NGHTTP2_PING:
      ++((flags & NGHTTP2_FLAG_ACK) != 0 ? ping_acks_ : pings_);
      if ((flags & NGHTTP2_FLAG_ACK) == 0 && answers_pings) Send(RawFrame(NGHTTP2_PING, NGHTTP2_FLAG_ACK, 0, payload));
      break;
    case NGHTTP2_GOAWAY:
      goaway_ = Read32(payload.substr(4));
      break;
    case NGHTTP2_WINDOW_UPDATE:
      windows_[stream] += Read32(payload);
      break;
    default:
      break;
  }
}

void RawClient::OnHeaders(uint8_t flags, int32_t stream, std::string_view block) {
  RawAnswer& answer = answers_[stream];
  bool last = (flags & NGHTTP2_FLAG_END_STREAM) != 0;
  auto& into = last ? answer.trailers : answer.headers;
  auto* in = reinterpret_cast<const uint8_t*>(block.data());
  size_t left = block.size();
  for (;;) {
    nghttp2_nv nv;
    int what = 0;
    ssize_t used = nghttp2_hd_inflate_hd2(inflater_, &nv, &what, in, left, 1);
    MEMGRID_CHECK(used >= 0, "header block of the server: ", used);
    in += used;
    left -= static_cast<size_t>(used);
    if ((what & NGHTTP2_HD_INFLATE_EMIT) != 0) {
      into.emplace(std::string(reinterpret_cast<char*>(nv.name), nv.namelen),
                   std::string(reinterpret_cast<char*>(nv.value), nv.valuelen));
    }
    if ((what & NGHTTP2_HD_INFLATE_FINAL) != 0) break;
  }
  nghttp2_hd_inflate_end_headers(inflater_);
  answer.ended = last;
}

}  // namespace memgrid::frontend::grpc
