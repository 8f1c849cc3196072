// A server in a simulated world: virtual time, so that minutes of silence take no time; networks that split what is sent.

#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "env/sim/sim_world.h"
#include "frontend/grpc/server.h"
#include "frontend/grpc/testing/raw_client.h"
#include "frontend/grpc/testing/test_services.h"

namespace memgrid::frontend::grpc {

class SimFixture {
 public:
  explicit SimFixture(const Limits& limits = Limits(), uint64_t seed = 1) : world(seed) {
    env::LoopGroup& loops = world.Boot("server", 1);
    std::vector<Service> services;
    services.push_back(MakeEchoService(counts, &memory));
    server = std::make_unique<Server>(loops, limits, std::move(services));
    memory.Watch(loops.loop(0));
    listening = server->Listen("server:1");
    loops.Start();
    env::LoopGroup& clients = world.Boot("client", 1);
    client_loop = &clients.loop(0);
    clients.Start();
  }

  // Connected; sends nothing of its own accord.
  std::unique_ptr<RawClient> Connect() {
    auto client = std::make_unique<RawClient>(world, *client_loop, "server:1");
    client->acknowledges_settings = client->answers_pings = false;
    return client;
  }
  // Connected, preface sent.
  std::unique_ptr<RawClient> Client(uint32_t stream_window = 1u << 30) {
    std::unique_ptr<RawClient> client = Connect();
    client->acknowledges_settings = client->answers_pings = true;
    client->Send(RawPreface(stream_window));
    return client;
  }
  // True if a new client is served.
  bool Serves() {
    std::unique_ptr<RawClient> client = Client();
    client->Send(RawCall(1, "/test.Echo/Unary", "still there?"));
    return client->Await(1) && client->answer(1).body == Framed("still there?") && client->answer(1).status() == "0";
  }

  env::SimWorld world;
  TestCounts counts;
  LentMemory memory;
  std::unique_ptr<Server> server;
  absl::Status listening;
  env::Loop* client_loop = nullptr;
};

}  // namespace memgrid::frontend::grpc
