#include "env/posix/internal/posix_network.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <cerrno>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "env/posix/internal/blocking_pool.h"
#include "env/posix/internal/errors.h"
#include "env/posix/internal/posix_connection.h"
#include "env/posix/internal/posix_listener.h"
#include "env/posix/internal/resolve.h"

namespace memgrid::env::internal {

// One attempt: looks the name up, tries its addresses one after the other, ends at the first that
// answers or at the timeout.
class Connector final : EpollTarget, ReadyTarget {
 public:
  Connector(PosixLoop& loop, PosixNetwork& network, std::string_view address,
            Network::ConnectHandler done)
      : loop_(loop), network_(network), address_(address), done_(std::move(done)) {}
  ~Connector() { loop_.Cancel(timer_); }

  void Begin(std::weak_ptr<Connector> self, int64_t timeout_ms) {
    timer_ = loop_.RunAfter(Millis(std::max<int64_t>(timeout_ms, 0)), [this] {
      timer_ = 0;
      Finish(base::Unavailable("connecting to ", address_, ": no answer in time"));
    });
    absl::StatusOr<HostPort> target = ParseHostPort(address_);
    if (!target.ok()) {
      result_ = target.status();
      loop_.MakeReady(this);
    } else if (IsNumeric(*target)) {
      TakeAddresses(Resolve(*target, false));
    } else {
      LookUp(std::move(self), *std::move(target));
    }
  }

 private:
  using Addresses = absl::StatusOr<std::vector<SocketAddress>>;

  void LookUp(std::weak_ptr<Connector> self, HostPort target) {
    loop_.pool().Run([&loop = loop_, self = std::move(self), target = std::move(target)]() mutable {
      Addresses found = Resolve(target, false);
      loop.Post([self = std::move(self), found = std::move(found)]() mutable {
        if (const auto connector = self.lock()) connector->TakeAddresses(std::move(found));
      });
    });
  }

  void TakeAddresses(Addresses found) {
    if (found.ok()) {
      addresses_ = *std::move(found);
      TryNext(EADDRNOTAVAIL);
    } else {
      result_ = found.status();
      loop_.MakeReady(this);
    }
  }

  // `last_error` is what the former address answered.
  void TryNext(int last_error) {
    fd_.Reset();
    while (at_ < addresses_.size()) {
      const SocketAddress& address = addresses_[at_++];
      fd_ = UniqueFd(
          ::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP));
      last_error = fd_.ok() ? 0 : errno;
      if (fd_.ok() && ::connect(fd_.get(), address.get(), address.size) != 0) last_error = errno;
      if (last_error == 0 || last_error == EINPROGRESS) last_error = loop_.Watch(fd_.get(), this);
      if (last_error == 0) return;  // OnEvents follows, also if it is connected already
      fd_.Reset();
    }
    result_ = NetworkError(last_error, base::StrCat("connecting to ", address_));
    loop_.MakeReady(this);
  }

  void OnEvents(uint32_t events) override {
    if ((events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) != 0) loop_.MakeReady(this);
  }

  bool OnReady() override {
    if (!result_.ok()) {
      Finish(std::move(result_));
      return false;
    }
    int error = 0;
    socklen_t size = sizeof error;
    if (::getsockopt(fd_.get(), SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = errno;
    if (error != 0) {
      TryNext(error);
      return false;
    }
    const int on = 1;
    ::setsockopt(fd_.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    loop_.Unwatch(fd_.get());
    auto connection = std::make_unique<PosixConnection>(std::move(fd_),
                                                        FormatAddress(addresses_[at_ - 1].storage));
    connection->Attach(loop_);
    Finish(std::move(connection));
    return false;
  }

  // Destroys this.
  void Finish(absl::StatusOr<std::unique_ptr<Connection>> result) {
    Network::ConnectHandler done = std::move(done_);
    network_.Finished(this);
    done(std::move(result));
  }

  PosixLoop& loop_;
  PosixNetwork& network_;
  const std::string address_;
  Network::ConnectHandler done_;
  Loop::TimerId timer_ = 0;
  std::vector<SocketAddress> addresses_;
  size_t at_ = 0;
  UniqueFd fd_;
  absl::Status result_;  // not OK: the attempt has failed and its end is to be told
};

PosixNetwork::PosixNetwork(PosixLoop& loop) : loop_(loop) {}

PosixNetwork::~PosixNetwork() = default;

absl::StatusOr<std::unique_ptr<Listener>> PosixNetwork::Listen(std::string_view address,
                                                               std::span<Loop* const> loops,
                                                               AcceptHandler on_accept) {
  return PosixListener::Open(loop_, address, loops, std::move(on_accept));
}

void PosixNetwork::Connect(std::string_view address, int64_t timeout_ms, ConnectHandler done) {
  auto connector = std::make_shared<Connector>(loop_, *this, address, std::move(done));
  connecting_.emplace(connector.get(), connector);
  connector->Begin(connector, timeout_ms);
}

void PosixNetwork::DropConnecting() { connecting_.clear(); }

void PosixNetwork::Finished(Connector* connector) { connecting_.erase(connector); }

}  // namespace memgrid::env::internal
