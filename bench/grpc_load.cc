// Load over gRPC from one thread: connections with a fixed number of calls in flight each, over
// nghttp2, so that the generator costs little beside what it measures. Prints one line of JSON.
//
//   grpc_load --address 127.0.0.1:50051 --server-pid PID --op get --connections 8 --outstanding 16
//   --seconds 3

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <nghttp2/nghttp2.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "latencies.h"
#include "memgrid/v1/key_value.pb.h"
#include "memgrid/v1/memory.pb.h"
#include "process_cpu.h"

namespace memgrid::bench {
namespace {

namespace pb = ::memgrid::v1;

struct Options {
  std::string address = "127.0.0.1:50051", op = "get", name_space = "bench";
  int server_pid = 0, connections = 8, outstanding = 16;
  uint64_t size = 100, keys = 100'000, stream_bytes = uint64_t{1} << 30;
  double seconds = 3, warmup = 0.5;
  bool fill = false;
};

uint64_t NowNs() {
  return static_cast<uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
}

[[noreturn]] void Die(const std::string& why) {
  std::fprintf(stderr, "grpc_load: %s\n", why.c_str());
  std::exit(1);
}

// What the calls of a run are: the path, and the bytes of each request.
class Work {
 public:
  explicit Work(const Options& options) : options_(options), value_(options.size, 'v') {
    std::mt19937_64 random(1);
    for (char& c : value_) c = static_cast<char>(random());
  }

  std::string_view path() const {
    if (options_.op == "get") return "/memgrid.v1.KeyValueService/GetKey";
    if (options_.op == "put") return "/memgrid.v1.KeyValueService/PutKey";
    if (options_.op == "list") return "/memgrid.v1.KeyValueService/ListKeys";
    if (options_.op == "create") return "/memgrid.v1.KeyValueService/CreateNamespace";
    if (options_.op == "allocate") return "/memgrid.v1.MemoryService/AllocateMemory";
    if (options_.op == "read") return "/memgrid.v1.MemoryService/ReadMemory";
    if (options_.op == "write") return "/memgrid.v1.MemoryService/WriteMemory";
    if (options_.op == "stream-read") return "/memgrid.v1.MemoryService/StreamReadMemory";
    if (options_.op == "stream-write") return "/memgrid.v1.MemoryService/StreamWriteMemory";
    Die("--op " + options_.op + ": unknown");
  }

  // Framed (5-byte prefix) request `number` of the run.
  std::string Request(uint64_t number) {
    if (options_.op == "get") return Framed(Key<pb::GetKeyRequest>(number));
    if (options_.op == "put") {
      auto request = Key<pb::PutKeyRequest>(number);
      request.set_value(value_);
      return Framed(request);
    }
    if (options_.op == "list") return Framed(ListRequest(number));
    if (options_.op == "create") {
      pb::CreateNamespaceRequest request;
      request.set_namespace_(options_.name_space);
      return Framed(request);
    }
    return RegionRequest(number);
  }

  bool streams_up() const { return options_.op == "stream-write"; }
  bool once() const {
    return options_.op == "create" || options_.op == "allocate" ||
           options_.op.starts_with("stream");
  }

 private:
  template <typename Message>
  static std::string Framed(const Message& message) {
    std::string out(5, '\0');
    message.AppendToString(&out);
    const uint32_t length = htonl(static_cast<uint32_t>(out.size() - 5));
    std::memcpy(&out[1], &length, 4);
    return out;
  }

  // Keys of 16 bytes: in order while filling, at random otherwise.
  std::string Name(uint64_t number) {
    const uint64_t which = options_.fill ? number : random_() % options_.keys;
    char name[20];
    std::snprintf(name, sizeof name, "key-%012llu", static_cast<unsigned long long>(which));
    return name;
  }

  template <typename Message>
  Message Key(uint64_t number) {
    Message request;
    request.set_namespace_(options_.name_space);
    request.set_key(Name(number));
    return request;
  }

  pb::ListKeysRequest ListRequest(uint64_t number) {
    pb::ListKeysRequest request;
    request.set_namespace_(options_.name_space);
    request.set_prefix(Name(number).substr(0, 13));  // a thousand names begin so
    return request;
  }

  std::string RegionRequest(uint64_t number) {
    const uint64_t slots =
        std::max<uint64_t>(1, options_.stream_bytes / std::max<uint64_t>(1, options_.size));
    const uint64_t offset = (number % slots) * options_.size;
    if (options_.op == "allocate") {
      auto request = Region<pb::AllocateMemoryRequest>();
      request.set_size_bytes(options_.stream_bytes);
      return Framed(request);
    }
    if (options_.op == "read") {
      auto request = Region<pb::ReadMemoryRequest>();
      request.set_offset(offset);
      request.set_length(options_.size);
      return Framed(request);
    }
    if (options_.op == "stream-read") {
      auto request = Region<pb::StreamReadMemoryRequest>();
      request.set_length(options_.stream_bytes);
      return Framed(request);
    }
    if (options_.op == "stream-write") {
      auto request = Region<pb::StreamWriteMemoryRequest>();
      request.set_offset(offset);
      request.set_data(value_);
      return Framed(request);
    }
    auto request = Region<pb::WriteMemoryRequest>();
    request.set_offset(offset);
    request.set_data(value_);
    return Framed(request);
  }

  template <typename Message>
  Message Region() {
    Message request;
    request.set_namespace_(options_.name_space);
    request.set_key("region");
    return request;
  }

  const Options& options_;
  std::string value_;
  std::mt19937_64 random_{2};
};

struct Totals {
  uint64_t started = 0, finished = 0, failed = 0, bytes = 0;
  Latencies latencies;
  std::string error;  // text of the first failure
};

// One call: its request going out, its status coming in.
struct Stream {
  std::string request;
  size_t sent = 0;
  uint64_t began_ns = 0, messages_left = 0;
  int status = -1;
  std::string message;
};

class Connection {
 public:
  Connection(const Options& options, Work& work, Totals& totals)
      : options_(options), work_(work), totals_(totals) {
    Dial();
    nghttp2_session_callbacks* callbacks = nullptr;
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, OnHeader);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, OnData);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, OnClose);
    nghttp2_session_client_new(&session_, callbacks, this);
    nghttp2_session_callbacks_del(callbacks);
    constexpr uint32_t kWindow = 16u << 20;
    const nghttp2_settings_entry settings[] = {{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, kWindow},
                                               {NGHTTP2_SETTINGS_ENABLE_PUSH, 0}};
    nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings, 2);
    nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0, kWindow);
  }
  ~Connection() {
    nghttp2_session_del(session_);
    ::close(socket_);
  }

  int socket() const { return socket_; }

  void Begin() {
    auto* stream = new Stream;
    stream->request = work_.Request(totals_.started);
    stream->began_ns = NowNs();
    stream->messages_left = work_.streams_up() ? options_.stream_bytes / options_.size : 1;
    ++totals_.started;
    static constexpr auto header = [](std::string_view name, std::string_view value) {
      return nghttp2_nv{reinterpret_cast<uint8_t*>(const_cast<char*>(name.data())),
                        reinterpret_cast<uint8_t*>(const_cast<char*>(value.data())), name.size(),
                        value.size(), NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE};
    };
    const nghttp2_nv headers[] = {header(":method", "POST"),
                                  header(":scheme", "http"),
                                  header(":path", work_.path()),
                                  header(":authority", "bench"),
                                  header("content-type", "application/grpc"),
                                  header("te", "trailers")};
    nghttp2_data_provider body{{.ptr = stream}, ReadBody};
    if (nghttp2_submit_request(session_, nullptr, headers, std::size(headers), &body, stream) < 0)
      Die("submit failed");
  }

  void Receive() {
    static thread_local std::vector<uint8_t> chunk(1 << 20);
    const ssize_t got = ::recv(socket_, chunk.data(), chunk.size(), MSG_DONTWAIT);
    if (got == 0) Die("the server closed the connection");
    if (got < 0) return;
    if (nghttp2_session_mem_recv(session_, chunk.data(), static_cast<size_t>(got)) < 0)
      Die("no HTTP/2");
  }

  // Sends what there is to send; true if the socket is full.
  bool Send() {
    for (;;) {
      if (out_at_ == out_.size()) {
        out_.clear();
        out_at_ = 0;
        Gather();
        if (out_.empty()) return false;
      }
      const ssize_t put = ::send(socket_, out_.data() + out_at_, out_.size() - out_at_,
                                 MSG_DONTWAIT | MSG_NOSIGNAL);
      if (put < 0) return true;
      out_at_ += static_cast<size_t>(put);
    }
  }

 private:
  void Dial() {
    const size_t colon = options_.address.rfind(':');
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(static_cast<uint16_t>(std::stoi(options_.address.substr(colon + 1))));
    if (::inet_pton(AF_INET, options_.address.substr(0, colon).c_str(), &to.sin_addr) != 1)
      Die("--address must be IPv4:PORT");
    socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (::connect(socket_, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0)
      Die("cannot connect to " + options_.address);
    const int on = 1;
    ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }

  void Gather() {
    constexpr size_t kBatch = 256 << 10;
    while (out_.size() < kBatch) {
      const uint8_t* data = nullptr;
      const ssize_t length = nghttp2_session_mem_send(session_, &data);
      if (length < 0) Die("nghttp2 cannot send");
      if (length == 0) return;
      out_.insert(out_.end(), data, data + length);
    }
  }

  static ssize_t ReadBody(nghttp2_session*, int32_t, uint8_t* into, size_t room, uint32_t* flags,
                          nghttp2_data_source* source, void*) {
    auto* stream = static_cast<Stream*>(source->ptr);
    const size_t part = std::min(room, stream->request.size() - stream->sent);
    std::memcpy(into, stream->request.data() + stream->sent, part);
    stream->sent += part;
    if (stream->sent == stream->request.size()) {
      if (--stream->messages_left == 0) {
        *flags |= NGHTTP2_DATA_FLAG_EOF;
      } else {
        stream->sent = 0;
      }
    }
    return static_cast<ssize_t>(part);
  }

  static int OnHeader(nghttp2_session* session, const nghttp2_frame* frame, const uint8_t* name,
                      size_t name_size, const uint8_t* value, size_t value_size, uint8_t, void*) {
    auto* stream =
        static_cast<Stream*>(nghttp2_session_get_stream_user_data(session, frame->hd.stream_id));
    if (stream == nullptr) return 0;
    const std::string_view key(reinterpret_cast<const char*>(name), name_size);
    const std::string text(reinterpret_cast<const char*>(value), value_size);
    if (key == "grpc-status") stream->status = std::atoi(text.c_str());
    if (key == "grpc-message") stream->message = text;
    return 0;
  }

  static int OnData(nghttp2_session*, uint8_t, int32_t, const uint8_t*, size_t size, void* self) {
    static_cast<Connection*>(self)->totals_.bytes += size;
    return 0;
  }

  static int OnClose(nghttp2_session* session, int32_t id, uint32_t, void* self) {
    auto* stream = static_cast<Stream*>(nghttp2_session_get_stream_user_data(session, id));
    if (stream == nullptr) return 0;
    Totals& totals = static_cast<Connection*>(self)->totals_;
    ++totals.finished;
    totals.latencies.Add(NowNs() - stream->began_ns);
    if (stream->status != 0) {
      ++totals.failed;
      if (totals.error.empty())
        totals.error = std::to_string(stream->status) + " " + stream->message;
    }
    ++static_cast<Connection*>(self)->ended_;
    delete stream;
    return 0;
  }

 public:
  // Calls that have ended since the last look: each is followed by another.
  int TakeEnded() { return std::exchange(ended_, 0); }

 private:
  const Options& options_;
  Work& work_;
  Totals& totals_;
  nghttp2_session* session_ = nullptr;
  int socket_ = -1;
  int ended_ = 0;
  std::vector<uint8_t> out_;
  size_t out_at_ = 0;
};

class Run {
 public:
  explicit Run(const Options& options)
      : options_(options), work_(options), epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
    for (int i = 0; i < options.connections; ++i) {
      connections_.push_back(std::make_unique<Connection>(options, work_, totals_));
      epoll_event event{.events = EPOLLIN, .data = {.ptr = connections_.back().get()}};
      ::epoll_ctl(epoll_, EPOLL_CTL_ADD, connections_.back()->socket(), &event);
    }
  }

  void Go() {
    for (auto& connection : connections_) {
      for (int i = 0; i < options_.outstanding && More(); ++i) connection->Begin();
      Push(*connection);
    }
    if (!work_.once() && !options_.fill) Turn(options_.warmup);
    const uint64_t cpu = ProcessCpuNs(options_.server_pid), own = OwnCpuNs(), began = NowNs();
    const Totals before = totals_;
    totals_.latencies = {};
    Turn(options_.seconds);
    Print(before, ProcessCpuNs(options_.server_pid) - cpu, OwnCpuNs() - own, NowNs() - began);
  }

 private:
  // Whether another call may begin: runs of a fixed number of calls end.
  bool More() const {
    if (work_.once()) return totals_.started == 0;
    return !options_.fill || totals_.started < options_.keys;
  }
  bool Over() const { return !More() && totals_.finished == totals_.started; }

  void Push(Connection& connection) {
    const bool full = connection.Send();
    epoll_event event{.events = EPOLLIN | (full ? uint32_t{EPOLLOUT} : 0u),
                      .data = {.ptr = &connection}};
    ::epoll_ctl(epoll_, EPOLL_CTL_MOD, connection.socket(), &event);
  }

  void Turn(double seconds) {
    const uint64_t until = NowNs() + static_cast<uint64_t>(seconds * 1e9);
    epoll_event events[64];
    const bool counted = work_.once() || options_.fill;
    while (counted ? !Over() : NowNs() < until) {
      const int ready = ::epoll_wait(epoll_, events, std::size(events), 100);
      for (int i = 0; i < ready; ++i) {
        auto& connection = *static_cast<Connection*>(events[i].data.ptr);
        if (events[i].events & EPOLLIN) connection.Receive();
        for (int n = connection.TakeEnded(); n > 0 && More(); --n) connection.Begin();
        Push(connection);
      }
    }
  }

  static uint64_t OwnCpuNs() { return ProcessCpuNs(static_cast<int>(::getpid())); }

  void Print(const Totals& before, uint64_t cpu_ns, uint64_t own_ns, uint64_t took_ns) const {
    const uint64_t calls = totals_.finished - before.finished;
    const double per_call = calls == 0 ? 0 : 1e-3 / static_cast<double>(calls);
    std::printf(
        "{\"calls\": %llu, \"failed\": %llu, \"seconds\": %.3f, \"calls_per_second\": %.1f, "
        "\"bytes\": %llu, "
        "\"p50_us\": %.1f, \"p99_us\": %.1f, \"server_cpu_us_per_call\": %.4f, "
        "\"client_cpu_us_per_call\": %.4f, "
        "\"server_cpu_seconds\": %.4f, \"error\": \"%s\"}\n",
        static_cast<unsigned long long>(calls),
        static_cast<unsigned long long>(totals_.failed - before.failed),
        static_cast<double>(took_ns) / 1e9,
        static_cast<double>(calls) * 1e9 / static_cast<double>(took_ns),
        static_cast<unsigned long long>(totals_.bytes - before.bytes),
        totals_.latencies.PercentileUs(0.5), totals_.latencies.PercentileUs(0.99),
        static_cast<double>(cpu_ns) * per_call, static_cast<double>(own_ns) * per_call,
        static_cast<double>(cpu_ns) / 1e9, totals_.error.c_str());
  }

  const Options& options_;
  Work work_;
  Totals totals_;
  std::vector<std::unique_ptr<Connection>> connections_;
  const int epoll_;
};

int Main(int argc, char** argv) {
  Options o;
  CLI::App app("load over gRPC");
  app.add_option("--address", o.address);
  app.add_option("--server-pid", o.server_pid);
  app.add_option("--op", o.op, "get put list create allocate read write stream-read stream-write");
  app.add_option("--namespace", o.name_space);
  app.add_option("--connections", o.connections)->check(CLI::Range(1, 10'000));
  app.add_option("--outstanding", o.outstanding)->check(CLI::Range(1, 10'000));
  app.add_option("--size", o.size, "bytes of a value or of a range")
      ->check(CLI::Range(0, 16 << 20));
  app.add_option("--keys", o.keys);
  app.add_option("--region-bytes", o.stream_bytes, "of the region, and of a stream");
  app.add_option("--seconds", o.seconds);
  app.add_option("--warmup", o.warmup);
  app.add_flag("--fill", o.fill, "each key once, in order, then end");
  CLI11_PARSE(app, argc, argv);
  Run(o).Go();
  return 0;
}

}  // namespace
}  // namespace memgrid::bench

int main(int argc, char** argv) { return memgrid::bench::Main(argc, argv); }
