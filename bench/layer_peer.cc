// Our gRPC layer without an engine: answers every Get with the same 100 bytes and every Put with the same version. What
// memgridd costs more than this is the engine's. Prints `ready grpc=HOST:PORT` and serves until it is killed.

#include <cstdio>
#include <future>
#include <string>

#include "env/posix/machine.h"
#include "env/posix/posix_env.h"
#include "frontend/grpc/server.h"
#include "memgrid/v1/key_value.pb.h"

namespace {

namespace layer = memgrid::frontend::grpc;

// Answers with `answer`, encoded once.
template <typename Answer>
layer::Method Always(const char* path, const Answer& answer) {
  return {.path = path, .unary = [bytes = answer.SerializeAsString()](layer::Call& call, memgrid::base::Buffer) {
            layer::Message message;
            message.head = bytes;
            call.Send(std::move(message));
            call.Finish(absl::OkStatus());
          }};
}

layer::Service FixedAnswers() {
  memgrid::v1::GetKeyResponse got;
  got.set_key("key-000000000000");
  got.set_namespace_("bench");
  got.set_value(std::string(100, 'v'));
  got.set_version(1);
  memgrid::v1::PutKeyResponse put;
  put.set_key("key-000000000000");
  put.set_version(1);
  layer::Service service{.name = "memgrid.v1.KeyValueService"};
  service.methods.push_back(Always("/memgrid.v1.KeyValueService/GetKey", got));
  service.methods.push_back(Always("/memgrid.v1.KeyValueService/PutKey", put));
  return service;
}

}  // namespace

int main() {
  memgrid::env::PosixOptions options;
  options.loops = memgrid::env::ThisMachine().cpus;
  const auto loops = memgrid::env::MakePosixLoops(options);
  std::vector<layer::Service> services;
  services.push_back(FixedAnswers());
  layer::Server server(*loops, layer::Limits{}, std::move(services));
  if (const absl::Status status = server.Listen("127.0.0.1:0"); !status.ok()) {
    std::fprintf(stderr, "%s\n", std::string(status.message()).c_str());
    return 1;
  }
  loops->Start();
  std::printf("ready grpc=%s\n", server.addresses()[0].c_str());
  std::fflush(stdout);
  std::promise<void>().get_future().wait();  // until killed
}
