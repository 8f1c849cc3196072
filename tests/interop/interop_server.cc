// A gRPC server for interoperability clients and for measuring the layer alone.
//
//   interop_server [ADDRESS [LOOPS]]     default 127.0.0.1:0 and 1; prints "ready grpc=HOST:PORT"; SIGTERM drains it.

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <future>
#include <string>

#include "env/posix/posix_env.h"
#include "frontend/grpc/server.h"
#include "interop/test_service.h"

int main(int argc, char** argv) {
  using namespace memgrid;
  const std::string address = argc > 1 ? argv[1] : "127.0.0.1:0";
  env::PosixOptions options;
  options.loops = argc > 2 ? std::atoi(argv[2]) : 1;
  std::unique_ptr<env::LoopGroup> loops = env::MakePosixLoops(options);
  std::vector<frontend::grpc::Service> services;
  services.push_back(interop::MakeTestService());
  services.push_back(interop::MakeEngineFreeService());
  frontend::grpc::Server server(*loops, frontend::grpc::Limits(), std::move(services));
  if (absl::Status status = server.Listen(address); !status.ok()) {
    std::fprintf(stderr, "%s\n", std::string(status.message()).c_str());
    return 1;
  }
  std::promise<void> drained;
  env::OnSignal(loops->loop(0), SIGTERM, [&] { server.Drain([&] { drained.set_value(); }); });
  server.SetServing("", true);
  server.SetServing("grpc.testing.TestService", true);
  loops->Start();
  std::printf("ready grpc=%s\n", server.addresses().front().c_str());
  std::fflush(stdout);
  drained.get_future().wait();
  loops->Stop();
  return 0;
}
