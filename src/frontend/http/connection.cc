#include "frontend/http/connection.h"

#include <array>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <optional>

#include "base/strings.h"

namespace memgrid::frontend::http {

namespace beast = boost::beast::http;

// The library's parser, fresh for each request.
class HttpConnection::Parser {
 public:
  explicit Parser(const Limits& limits) : limits_(limits) { Reset(); }

  void Reset() {
    parser_.emplace();
    parser_->eager(true);
    parser_->header_limit(static_cast<uint32_t>(limits_.header_bytes));
    parser_->body_limit(limits_.body_bytes);
  }

  // Takes what it can use of `bytes`; `error` is set for what is no HTTP.
  size_t Put(std::string_view bytes, boost::beast::error_code& error) {
    return parser_->put(boost::asio::const_buffer(bytes.data(), bytes.size()), error);
  }

  bool done() const { return parser_->is_done(); }
  bool keep_alive() const { return parser_->keep_alive(); }
  bool head() const { return parser_->get().method() == beast::verb::head; }
  bool reads() const { return head() || parser_->get().method() == beast::verb::get; }
  // The target without its query.
  std::string_view path() const {
    const auto target = parser_->get().target();
    const std::string_view whole(target.data(), target.size());
    return whole.substr(0, whole.find('?'));
  }

 private:
  const Limits& limits_;
  std::optional<beast::request_parser<beast::string_body>> parser_;
};

namespace {

int StatusOf(const boost::beast::error_code& error) {
  if (error == beast::error::header_limit) return 431;
  if (error == beast::error::body_limit) return 413;
  return 400;
}

}  // namespace

Door::~Door() {
  while (!open.empty()) delete *open.begin();
}

void HttpConnection::Serve(Door& door, std::unique_ptr<env::Connection> connection) {
  if (door.open.size() >= door.limits.connections) return;  // closes it
  new HttpConnection(door, std::move(connection));
}

HttpConnection::HttpConnection(Door& door, std::unique_ptr<env::Connection> connection)
    : door_(door),
      connection_(std::move(connection)),
      parser_(std::make_unique<Parser>(door.limits)) {
  door_.open.insert(this);
  door_.connections.Add();
  connection_->SetHandler(this);
  SetDeadline(door_.limits.idle);
}

HttpConnection::~HttpConnection() {
  door_.loop.Cancel(timer_);
  door_.open.erase(this);
  door_.connections.Sub();
}

void HttpConnection::End() {
  connection_->Close();
  delete this;
}

void HttpConnection::OnClosed() { End(); }

void HttpConnection::SetDeadline(env::Nanos wait) {
  door_.loop.Cancel(timer_);
  timer_ = door_.loop.RunAfter(wait, [this] { End(); });
}

void HttpConnection::OnReadable() {
  std::array<char, 16384> chunk;
  const env::IoResult got = connection_->Read(chunk);
  if (got.kind == env::IoResult::kWouldBlock) return;
  if (got.kind != env::IoResult::kOk) return End();
  if (closing_) return;  // the rest of a request that has been refused
  in_.append(chunk.data(), got.bytes);
  Pump();
}

void HttpConnection::OnWritable() { Pump(); }

void HttpConnection::Pump() {
  size_t before = 0;
  do {
    before = in_.size();
    Consume();
    if (!Flush()) return;
  } while (queued_ == 0 && !in_.empty() && in_.size() < before);
}

void HttpConnection::Consume() {
  size_t used = 0;
  while (used < in_.size() && queued_ < door_.limits.pipelined && !closing_) {
    boost::beast::error_code error;
    const size_t taken = parser_->Put(std::string_view(in_).substr(used), error);
    used += taken;
    if (error == beast::error::need_more) {
      if (in_.size() - used > door_.limits.header_bytes) Refuse(431, "headers are too long");
      break;
    }
    if (error) {
      Refuse(StatusOf(error), error.message());
      break;
    }
    if (parser_->done()) Answer();
    if (taken == 0 && !parser_->done()) break;
  }
  in_.erase(0, used);
}

void HttpConnection::Answer() {
  door_.requests.Add();
  const bool keep = parser_->keep_alive();
  Queue(Respond(), parser_->head(), keep);
  closing_ = !keep;
  parser_->Reset();
  SetDeadline(door_.limits.idle);
}

Response HttpConnection::Respond() const {
  for (const Route& route : door_.routes) {
    if (route.path != parser_->path()) continue;
    if (!parser_->reads())
      return {405, "text/plain; charset=utf-8", "only GET and HEAD are answered here\n"};
    return route.get();
  }
  return {404, "text/plain; charset=utf-8", "there is nothing here\n"};
}

void HttpConnection::Refuse(int status, std::string_view why) {
  door_.refused.Add();
  Queue({status, "text/plain; charset=utf-8", base::StrCat(why, "\n")}, false, false);
  closing_ = true;
}

void HttpConnection::Queue(const Response& response, bool head, bool keep) {
  const auto reason = beast::obsolete_reason(static_cast<beast::status>(response.status));
  out_ += base::StrCat(
      "HTTP/1.1 ", response.status, " ", std::string_view(reason.data(), reason.size()),
      "\r\nContent-Type: ", response.content_type, "\r\nContent-Length: ", response.body.size(),
      response.status == 405 ? "\r\nAllow: GET, HEAD" : "",
      keep ? "\r\n\r\n" : "\r\nConnection: close\r\n\r\n");
  if (!head) out_ += response.body;
  ++queued_;
}

bool HttpConnection::Flush() {
  while (sent_ < out_.size()) {
    const env::IoSlice rest{out_.data() + sent_, out_.size() - sent_};
    const env::IoResult put = connection_->Write({&rest, 1});
    if (put.kind == env::IoResult::kWouldBlock) {
      connection_->SetInterest(false, true);
      SetDeadline(door_.limits.write_stall);
      return true;
    }
    if (put.kind != env::IoResult::kOk) {
      End();
      return false;
    }
    sent_ += put.bytes;
  }
  out_.clear();
  sent_ = queued_ = 0;
  if (closing_) {
    End();
    return false;
  }
  connection_->SetInterest(true, false);
  return true;
}

}  // namespace memgrid::frontend::http
