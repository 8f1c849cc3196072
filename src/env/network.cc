#include "env/network.h"

#include <utility>

#include "env/loop.h"

namespace memgrid::env {

void Connection::Move(std::unique_ptr<Connection> connection, Loop& to,
                      absl::AnyInvocable<void(std::unique_ptr<Connection>)> arrived) {
  connection->Detach();
  to.Post([&to, connection = std::move(connection), arrived = std::move(arrived)]() mutable {
    connection->Attach(to);
    arrived(std::move(connection));
  });
}

}  // namespace memgrid::env
