// Listening and connecting on one loop.

#pragma once

#include <memory>
#include <unordered_map>

#include "env/network.h"

namespace memgrid::env::internal {

class Connector;
class PosixLoop;

class PosixNetwork final : public Network {
 public:
  explicit PosixNetwork(PosixLoop& loop);
  ~PosixNetwork() override;

  absl::StatusOr<std::unique_ptr<Listener>> Listen(std::string_view address,
                                                   std::span<Loop* const> loops,
                                                   AcceptHandler on_accept) override;
  void Connect(std::string_view address, int64_t timeout_ms, ConnectHandler done) override;

  // Destroys the attempts that are under way; their `done` is not called.
  void DropConnecting();
  // The attempt has come to its end and has been told so.
  void Finished(Connector* connector);

 private:
  PosixLoop& loop_;
  std::unordered_map<Connector*, std::shared_ptr<Connector>> connecting_;
};

}  // namespace memgrid::env::internal
