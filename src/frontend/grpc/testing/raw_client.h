// An HTTP/2 client for tests that writes its frames by hand, wrong ones included, and takes apart what comes back.

#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "env/network.h"
#include "env/sim/sim_world.h"

struct nghttp2_hd_inflater;

namespace memgrid::frontend::grpc {

using HeaderPairs = std::vector<std::pair<std::string, std::string>>;

// Bytes of frames.
std::string RawFrame(uint8_t type, uint8_t flags, int32_t stream, std::string_view payload);
// A header block without compression.
std::string RawHeaders(const HeaderPairs& headers);
// The connection's beginning: preface and SETTINGS with such windows.
std::string RawPreface(uint32_t stream_window = 1u << 30);
std::string RawWindowUpdate(int32_t stream, uint32_t bytes);
// Headers of a gRPC request, extra ones at the end.
HeaderPairs GrpcHeaders(std::string_view path, const HeaderPairs& extra = {});
// The five bytes and the message.
std::string Framed(std::string_view message, bool compressed = false);
// HEADERS and DATA of a whole unary call; at most 16 KiB of message.
std::string RawCall(int32_t stream, std::string_view path, std::string_view message, const HeaderPairs& extra = {});

// What the server has said of one stream.
struct RawAnswer {
  std::map<std::string, std::string> headers;
  std::map<std::string, std::string> trailers;  // also of an answer that is trailers only
  std::string body;
  bool ended = false;
  bool reset = false;
  uint32_t reset_code = 0;

  std::string status() const { return trailers.contains("grpc-status") ? trailers.at("grpc-status") : ""; }
};

class RawClient final : private env::ConnectionHandler {
 public:
  // Connects from `loop` and sends nothing yet. Runs the world until that is done.
  RawClient(env::SimWorld& world, env::Loop& loop, std::string_view address);
  ~RawClient() override;

  // Sends, as fast as the connection takes it.
  void Send(std::string_view bytes);
  // Sends the bytes in portions of `portion`, with time between for each to arrive alone.
  void SendSlowly(std::string_view bytes, size_t portion);
  // Stops or starts to read.
  void Read(bool on);
  // Runs the world until `stream` is answered or the connection has ended; false if neither comes in virtual `limit`.
  bool Await(int32_t stream, env::Nanos limit = env::Millis(30'000));
  bool AwaitEnd(env::Nanos limit = env::Millis(60'000));

  RawAnswer& answer(int32_t stream) { return answers_[stream]; }
  bool ended() const { return connection_ == nullptr; }
  // GOAWAY's error code; -1 without one.
  int64_t goaway() const { return goaway_; }
  int pings() const { return pings_; }
  int ping_acks() const { return ping_acks_; }
  bool answers_pings = true;
  bool acknowledges_settings = true;
  // Bytes of WINDOW_UPDATE for a stream.
  uint64_t window(int32_t stream) const { return windows_.contains(stream) ? windows_.at(stream) : 0; }
  size_t unsent() const { return outbox_.size(); }

 private:
  void OnReadable() override;
  void OnWritable() override;
  void OnClosed() override { connection_.reset(); }
  void Flush();
  void Parse();
  void OnFrame(uint8_t type, uint8_t flags, int32_t stream, std::string_view payload);
  void OnHeaders(uint8_t flags, int32_t stream, std::string_view block);

  env::SimWorld& world_;
  std::unique_ptr<env::Connection> connection_;
  nghttp2_hd_inflater* inflater_ = nullptr;
  std::string outbox_;
  std::string inbox_;
  std::map<int32_t, RawAnswer> answers_;
  std::map<int32_t, uint64_t> windows_;
  int64_t goaway_ = -1;
  int pings_ = 0;
  int ping_acks_ = 0;
  bool reads_ = true;
};

}  // namespace memgrid::frontend::grpc
