#include "env/sim/internal/sim_network.h"

#include <utility>

#include "base/check.h"
#include "base/status.h"
#include "base/strings.h"
#include "env/address.h"
#include "env/sim/internal/sim_connection.h"
#include "env/sim/internal/sim_host.h"

namespace memgrid::env::internal {
namespace {

constexpr Nanos kRetransmit = Millis(200);

bool MeansItself(std::string_view host) {
  return host == "127.0.0.1" || host == "::1" || host == "localhost";
}

}  // namespace

SimListener::SimListener(SimHost& host, uint16_t port, std::string address,
                         std::span<Loop* const> loops, Network::AcceptHandler on_accept)
    : host_(host),
      port_(port),
      address_(std::move(address)),
      loops_(loops.begin(), loops.end()),
      shared_(std::make_shared<Shared>()) {
  shared_->on_accept = std::move(on_accept);
  host_.listeners[port_] = this;
}

SimListener::~SimListener() {
  shared_->closed = true;
  // After a crash the port may be another's.
  const auto found = host_.listeners.find(port_);
  if (found != host_.listeners.end() && found->second == this) host_.listeners.erase(found);
}

void SimListener::Accept(std::shared_ptr<SimStream> stream, std::string peer) {
  Loop& to = *loops_[next_];
  next_ = (next_ + 1) % loops_.size();
  auto connection = std::make_unique<SimConnection>(std::move(stream), 1, std::move(peer));
  to.Post([&to, shared = shared_, connection = std::move(connection)]() mutable {
    if (shared->closed) return;
    connection->Attach(to);
    shared->on_accept(to, std::move(connection));
  });
}

absl::StatusOr<std::unique_ptr<Listener>> SimNetwork::Listen(std::string_view address,
                                                             std::span<Loop* const> loops,
                                                             AcceptHandler on_accept) {
  MEMGRID_CHECK(!loops.empty(), "a listener without loops");
  const absl::StatusOr<HostPort> target = ParseHostPort(address);
  if (!target.ok()) return target.status();
  SimHost& host = loop_.host();
  const bool any = target->host == "0.0.0.0" || target->host == "::";
  if (!any && !MeansItself(target->host) && target->host != host.name()) {
    return base::Unavailable("cannot listen on ", address, ": this host is ", host.name());
  }
  uint16_t port = target->port;
  if (port == 0) {
    while (host.listeners.contains(host.next_port)) ++host.next_port;
    port = host.next_port++;
  }
  if (host.listeners.contains(port)) {
    return base::Unavailable("cannot listen on ", address, ": the port is in use");
  }
  return std::make_unique<SimListener>(host, port, FormatHostPort(target->host, port), loops,
                                       std::move(on_accept));
}

Nanos SimNetwork::Delay() {
  const SimNetworkFaults& faults = loop_.host().world().network();
  return loop_.host().scheduler().chance().Between(faults.min_delay, faults.max_delay);
}

void SimNetwork::Connect(std::string_view address, int64_t timeout_ms, ConnectHandler done) {
  const auto attempt = std::make_shared<Attempt>();
  attempt->id = ++last_attempt_;
  attempt->address = std::string(address);
  attempt->done = std::move(done);
  attempts_.emplace(attempt->id, attempt);
  const std::weak_ptr<Attempt> weak = attempt;
  attempt->timer = loop_.RunAfter(Millis(std::max<int64_t>(timeout_ms, 0)), [this, weak] {
    if (const auto it = weak.lock()) {
      Finish(it, base::Unavailable("connecting to ", it->address, ": no answer in time"));
    }
  });
  const absl::StatusOr<HostPort> target = ParseHostPort(address);
  if (target.ok()) {
    attempt->host = MeansItself(target->host) ? loop_.host().name() : target->host;
    attempt->port = target->port;
    KnockLater(weak, Delay());
  } else {
    attempt->refused = target.status();
    Answer(weak, nullptr);
  }
}

void SimNetwork::KnockLater(std::weak_ptr<Attempt> attempt, Nanos delay) {
  // The attempt is gone when this network is.
  loop_.host().scheduler().After(delay, [this, attempt = std::move(attempt)] {
    if (const auto it = attempt.lock()) Knock(it);
  });
}

void SimNetwork::Knock(const std::shared_ptr<Attempt>& attempt) {
  SimHost& from = loop_.host();
  SimWorld& world = from.world();
  SimHost* const to = world.FindHost(attempt->host);
  if (to != nullptr && (!world.Passes(from, *to) || !world.Passes(*to, from))) {
    return KnockLater(attempt, kRetransmit);
  }
  const bool up = to != nullptr && to->up();
  // A machine that is off says nothing, one without the process refuses.
  if (to != nullptr && !up && from.scheduler().chance().Chance(0.5)) {
    return KnockLater(attempt, kRetransmit);
  }
  const auto listener = up ? to->listeners.find(attempt->port) : decltype(to->listeners.end())();
  if (!up || listener == to->listeners.end()) {
    attempt->refused =
        base::Unavailable("connecting to ", attempt->address, ": connection refused");
    return Answer(attempt, nullptr);
  }
  auto stream = std::make_shared<SimStream>(from, *to);
  world.Register(stream);
  listener->second->Accept(stream, FormatHostPort(from.name(), from.next_port++));
  Answer(attempt, std::move(stream));
}

// The other host's answer arrives after a while: a stream, or why there is none.
void SimNetwork::Answer(std::weak_ptr<Attempt> attempt, std::shared_ptr<SimStream> stream) {
  loop_.host().scheduler().After(
      Delay(), [this, attempt = std::move(attempt), stream = std::move(stream)] {
        const auto it = attempt.lock();
        if (it == nullptr) {
          if (stream != nullptr) stream->Close(0);
          return;
        }
        loop_.Post([this, it, stream] {
          if (it->done == nullptr) {  // the timeout was faster
            if (stream != nullptr) stream->Close(0);
          } else if (stream == nullptr) {
            Finish(it, it->refused);
          } else {
            auto connection = std::make_unique<SimConnection>(stream, 0, it->address);
            connection->Attach(loop_);
            Finish(it, std::move(connection));
          }
        });
      });
}

void SimNetwork::Finish(const std::shared_ptr<Attempt>& attempt,
                        absl::StatusOr<std::unique_ptr<Connection>> result) {
  loop_.Cancel(attempt->timer);
  ConnectHandler done = std::exchange(attempt->done, nullptr);
  attempts_.erase(attempt->id);
  done(std::move(result));
}

}  // namespace memgrid::env::internal
