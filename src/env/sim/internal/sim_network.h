// Listening and connecting between simulated hosts.
//
// Hosts are known by name. A host may also call itself 127.0.0.1, ::1, localhost and, to listen,
// 0.0.0.0 and ::.

#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "env/network.h"
#include "env/sim/internal/sim_loop.h"

namespace memgrid::env::internal {

class SimStream;

class SimListener final : public Listener {
 public:
  SimListener(SimHost& host, uint16_t port, std::string address, std::span<Loop* const> loops,
              Network::AcceptHandler on_accept);
  ~SimListener() override;

  std::string_view address() const override { return address_; }
  void Accept(std::shared_ptr<SimStream> stream, std::string peer);

 private:
  struct Shared {
    Network::AcceptHandler on_accept;
    bool closed = false;
  };

  SimHost& host_;
  const uint16_t port_;
  const std::string address_;
  const std::vector<Loop*> loops_;
  const std::shared_ptr<Shared> shared_;
  size_t next_ = 0;
};

class SimNetwork final : public Network {
 public:
  explicit SimNetwork(SimLoop& loop) : loop_(loop) {}

  absl::StatusOr<std::unique_ptr<Listener>> Listen(std::string_view address,
                                                   std::span<Loop* const> loops,
                                                   AcceptHandler on_accept) override;
  void Connect(std::string_view address, int64_t timeout_ms, ConnectHandler done) override;

  void DropConnecting() { attempts_.clear(); }

 private:
  struct Attempt {
    uint64_t id;
    std::string address;
    std::string host;
    uint16_t port;
    ConnectHandler done;
    Loop::TimerId timer;
    absl::Status refused;  // not OK: how it ends
  };

  // The request reaches the other host, or is sent again.
  void Knock(const std::shared_ptr<Attempt>& attempt);
  void KnockLater(std::weak_ptr<Attempt> attempt, Nanos delay);
  void Finish(const std::shared_ptr<Attempt>& attempt,
              absl::StatusOr<std::unique_ptr<Connection>> result);
  void Answer(std::weak_ptr<Attempt> attempt, std::shared_ptr<SimStream> stream);
  Nanos Delay();

  SimLoop& loop_;
  uint64_t last_attempt_ = 0;
  std::map<uint64_t, std::shared_ptr<Attempt>> attempts_;
};

}  // namespace memgrid::env::internal
