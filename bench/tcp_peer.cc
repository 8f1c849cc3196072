// The floor for large transfers: requests and answers of fixed sizes over bare TCP, nothing else.
//
//   tcp_peer server                                  prints `ready tcp=HOST:PORT`
//   tcp_peer load --address A --server-pid PID --op read|write --size BYTES
//
// A request is 16 bytes (what: 0 read, 1 write; length), for a write followed by the bytes; the
// answer to a read is the bytes, to a write 8 bytes.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include "latencies.h"
#include "process_cpu.h"

namespace memgrid::bench {
namespace {

constexpr size_t kMaxBytes = 16 << 20;

struct Head {
  uint64_t write;
  uint64_t length;
};

bool ReadAll(int from, char* into, size_t size) {
  while (size > 0) {
    const ssize_t got = ::recv(from, into, size, 0);
    if (got <= 0) return false;
    into += got;
    size -= static_cast<size_t>(got);
  }
  return true;
}

bool WriteAll(int to, const char* from, size_t size) {
  while (size > 0) {
    const ssize_t put = ::send(to, from, size, MSG_NOSIGNAL);
    if (put <= 0) return false;
    from += put;
    size -= static_cast<size_t>(put);
  }
  return true;
}

void NoDelay(int socket) {
  const int on = 1;
  ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

void ServeConnection(int socket) {
  NoDelay(socket);
  std::vector<char> memory(kMaxBytes, 'm');
  Head head;
  while (ReadAll(socket, reinterpret_cast<char*>(&head), sizeof head) && head.length <= kMaxBytes) {
    if (head.write != 0) {
      if (!ReadAll(socket, memory.data(), head.length) || !WriteAll(socket, "written", 8)) break;
    } else if (!WriteAll(socket, memory.data(), head.length)) {
      break;
    }
  }
  ::close(socket);
}

int Serve() {
  const int door = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof at;
  if (::bind(door, reinterpret_cast<sockaddr*>(&at), size) != 0 || ::listen(door, 64) != 0)
    return 1;
  ::getsockname(door, reinterpret_cast<sockaddr*>(&at), &size);
  std::printf("ready tcp=127.0.0.1:%d\n", ntohs(at.sin_port));
  std::fflush(stdout);
  for (;;) {
    const int socket = ::accept4(door, nullptr, nullptr, SOCK_CLOEXEC);
    if (socket >= 0) std::thread(ServeConnection, socket).detach();
  }
}

struct Options {
  std::string address, op = "read";
  int server_pid = 0, connections = 8;
  uint64_t size = 65536;
  double seconds = 3;
};

uint64_t NowNs() {
  return static_cast<uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
}

int Dial(const std::string& address) {
  const size_t colon = address.rfind(':');
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<uint16_t>(std::stoi(address.substr(colon + 1))));
  ::inet_pton(AF_INET, address.substr(0, colon).c_str(), &to.sin_addr);
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (::connect(socket, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0) {
    std::fprintf(stderr, "tcp_peer: cannot connect to %s\n", address.c_str());
    std::exit(1);
  }
  NoDelay(socket);
  return socket;
}

// One call in flight on a connection, until the time is up. Returns the calls made.
uint64_t CallInTurn(const Options& o, int socket, uint64_t until) {
  std::vector<char> bytes(std::max<size_t>(o.size, 8), 'b');
  const Head head{o.op == "write", o.size};
  uint64_t calls = 0;
  while (NowNs() < until) {
    if (!WriteAll(socket, reinterpret_cast<const char*>(&head), sizeof head)) break;
    if (head.write != 0 && !WriteAll(socket, bytes.data(), o.size)) break;
    if (!ReadAll(socket, bytes.data(), head.write != 0 ? 8 : o.size)) break;
    ++calls;
  }
  return calls;
}

int Load(const Options& o) {
  // Open until the end: a server's thread that has ended takes its CPU time out of the sum.
  std::vector<int> sockets;
  for (int i = 0; i < o.connections; ++i) sockets.push_back(Dial(o.address));
  const uint64_t cpu = ProcessCpuNs(o.server_pid), began = NowNs();
  const uint64_t until = began + static_cast<uint64_t>(o.seconds * 1e9);
  std::vector<uint64_t> calls(sockets.size());
  std::vector<std::thread> threads;
  for (size_t i = 0; i < sockets.size(); ++i) {
    threads.emplace_back([&, i] { calls[i] = CallInTurn(o, sockets[i], until); });
  }
  uint64_t all = 0;
  for (size_t i = 0; i < threads.size(); ++i) {
    threads[i].join();
    all += calls[i];
  }
  const double seconds = static_cast<double>(NowNs() - began) / 1e9;
  const double cpu_seconds = static_cast<double>(ProcessCpuNs(o.server_pid) - cpu) / 1e9;
  std::printf(
      "{\"calls\": %llu, \"seconds\": %.3f, \"calls_per_second\": %.1f, \"server_cpu_seconds\": "
      "%.4f, "
      "\"server_cpu_us_per_call\": %.4f}\n",
      static_cast<unsigned long long>(all), seconds, static_cast<double>(all) / seconds,
      cpu_seconds, all == 0 ? 0 : cpu_seconds * 1e6 / static_cast<double>(all));
  return 0;
}

int Main(int argc, char** argv) {
  Options o;
  CLI::App app("bare TCP requests and answers");
  app.require_subcommand(1);
  CLI::App* server = app.add_subcommand("server");
  CLI::App* load = app.add_subcommand("load");
  load->add_option("--address", o.address)->required();
  load->add_option("--server-pid", o.server_pid);
  load->add_option("--op", o.op)->check(CLI::IsMember({"read", "write"}));
  load->add_option("--size", o.size)->check(CLI::Range(1, static_cast<int>(kMaxBytes)));
  load->add_option("--connections", o.connections)->check(CLI::Range(1, 1000));
  load->add_option("--seconds", o.seconds);
  CLI11_PARSE(app, argc, argv);
  return server->parsed() ? Serve() : Load(o);
}

}  // namespace
}  // namespace memgrid::bench

int main(int argc, char** argv) { return memgrid::bench::Main(argc, argv); }
