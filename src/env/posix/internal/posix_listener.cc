#include "env/posix/internal/posix_listener.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <utility>

#include "base/check.h"
#include "base/status.h"
#include "env/posix/internal/errors.h"
#include "env/posix/internal/posix_connection.h"
#include "env/posix/internal/resolve.h"

namespace memgrid::env::internal {
namespace {

constexpr int kBacklog = 4096;
constexpr int kAcceptsPerTurn = 64;
constexpr Nanos kPause = Millis(100);

// A listening socket or -errno.
int OpenListening(const SocketAddress& address) {
  UniqueFd fd(::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP));
  if (!fd.ok()) return -errno;
  const int on = 1;
  if (::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
      ::bind(fd.get(), address.get(), address.size) != 0 || ::listen(fd.get(), kBacklog) != 0) {
    return -errno;
  }
  return fd.Release();
}

}  // namespace

absl::StatusOr<std::unique_ptr<Listener>> PosixListener::Open(PosixLoop& loop,
                                                              std::string_view address,
                                                              std::span<Loop* const> loops,
                                                              Network::AcceptHandler on_accept) {
  MEMGRID_CHECK(!loops.empty(), "a listener without loops");
  const absl::StatusOr<HostPort> target = ParseHostPort(address);
  if (!target.ok()) return target.status();
  const auto found = Resolve(*target, true);
  if (!found.ok()) return found.status();
  int fd = -EADDRNOTAVAIL;
  for (const SocketAddress& candidate : *found) {
    fd = OpenListening(candidate);
    if (fd >= 0) break;
  }
  if (fd < 0) return NetworkError(-fd, base::StrCat("cannot listen on ", address));
  std::unique_ptr<PosixListener> listener(
      new PosixListener(loop, UniqueFd(fd), loops, std::move(on_accept)));
  sockaddr_storage bound{};
  socklen_t size = sizeof bound;
  int error = ::getsockname(fd, reinterpret_cast<sockaddr*>(&bound), &size) == 0 ? 0 : errno;
  if (error == 0) error = loop.Watch(fd, listener.get(), false);
  if (error != 0) return NetworkError(error, base::StrCat("cannot listen on ", address));
  listener->address_ = FormatAddress(bound);
  return listener;
}

PosixListener::PosixListener(PosixLoop& loop, UniqueFd fd, std::span<Loop* const> loops,
                             Network::AcceptHandler on_accept)
    : loop_(loop),
      fd_(std::move(fd)),
      loops_(loops.begin(), loops.end()),
      shared_(std::make_shared<Shared>()) {
  shared_->on_accept = std::move(on_accept);
}

PosixListener::~PosixListener() {
  shared_->closed.store(true, std::memory_order_release);
  if (paused_ != 0) loop_.Cancel(paused_);
}

void PosixListener::OnEvents(uint32_t) {
  for (int i = 0; i < kAcceptsPerTurn; ++i) {
    sockaddr_storage from{};
    socklen_t size = sizeof from;
    UniqueFd fd(::accept4(fd_.get(), reinterpret_cast<sockaddr*>(&from), &size,
                          SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (fd.ok()) {
      HandOver(std::move(fd), FormatAddress(from));
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      return;
    } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
      return PauseAccepting();
    }
    // Anything else is a fault of the one connection, which is gone.
  }
}

void PosixListener::HandOver(UniqueFd fd, std::string peer) {
  const int on = 1;
  ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  Loop& to = *loops_[next_];
  next_ = (next_ + 1) % loops_.size();
  auto connection = std::make_unique<PosixConnection>(std::move(fd), std::move(peer));
  to.Post([&to, shared = shared_, connection = std::move(connection)]() mutable {
    if (shared->closed.load(std::memory_order_acquire)) return;
    connection->Attach(to);
    shared->on_accept(to, std::move(connection));
  });
}

// Without descriptors the pending connection would be reported in every turn.
void PosixListener::PauseAccepting() {
  loop_.Unwatch(fd_.get());
  paused_ = loop_.RunAfter(kPause, [this] {
    paused_ = 0;
    if (loop_.Watch(fd_.get(), this, false) != 0) PauseAccepting();
  });
}

}  // namespace memgrid::env::internal
