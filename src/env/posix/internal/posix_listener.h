// Accepts connections on one loop and deals them out to many.

#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "env/network.h"
#include "env/posix/internal/posix_loop.h"
#include "env/posix/internal/unique_fd.h"

namespace memgrid::env::internal {

class PosixListener final : public Listener, EpollTarget {
 public:
  // Binds and listens; see Network::Listen.
  static absl::StatusOr<std::unique_ptr<Listener>> Open(PosixLoop& loop, std::string_view address,
                                                        std::span<Loop* const> loops,
                                                        Network::AcceptHandler on_accept);
  ~PosixListener() override;

  std::string_view address() const override { return address_; }

 private:
  // Lives as long as a connection is on its way to its loop.
  struct Shared {
    Network::AcceptHandler on_accept;
    std::atomic<bool> closed{false};
  };

  PosixListener(PosixLoop& loop, UniqueFd fd, std::span<Loop* const> loops,
                Network::AcceptHandler on_accept);
  void OnEvents(uint32_t events) override;
  void HandOver(UniqueFd fd, std::string peer);
  void PauseAccepting();

  PosixLoop& loop_;
  UniqueFd fd_;
  const std::vector<Loop*> loops_;
  const std::shared_ptr<Shared> shared_;
  std::string address_;
  size_t next_ = 0;
  Loop::TimerId paused_ = 0;
};

}  // namespace memgrid::env::internal
