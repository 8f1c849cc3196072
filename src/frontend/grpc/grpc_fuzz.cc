// Fuzzes a connection: the input is what a client sends, cut into portions. Its first byte says how.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "env/sim/sim_world.h"
#include "frontend/grpc/loop_context.h"
#include "frontend/grpc/method_table.h"
#include "frontend/grpc/server_call.h"
#include "frontend/grpc/session.h"
#include "frontend/grpc/testing/raw_client.h"
#include "frontend/grpc/testing/test_services.h"
#include "observe/log.h"

namespace memgrid::frontend::grpc {
namespace {

class Host final : public SessionHost {
 public:
  void OnOutput() override {}
  void OnEngineMemory(OutgoingRef) override {}
};

// Made once: a loop that never runs, and services.
struct Stage {
  Stage() : loop(world.Boot("server", 1).loop(0)) {
    observe::SetLogLevel(observe::Level::kError);
    services.push_back(MakeEchoService(counts, nullptr));
    methods = std::make_unique<MethodTable>(services);
    limits.message_bytes = 1u << 16;
    limits.stream_window = 65'535;
    limits.output_bytes = 4096;
  }
  env::SimWorld world{1};
  env::Loop& loop;
  TestCounts counts;
  Limits limits;
  std::vector<Service> services;
  std::unique_ptr<MethodTable> methods;
};

void Run(Stage& stage, uint8_t how, std::string_view input) {
  LoopContext context(stage.loop, stage.limits, *stage.methods);
  {
    Host host;
    Session session(context, host, "fuzz");
    // The preface is no news to anyone; most inputs begin after it.
    std::string head = (how & 1) != 0 ? "" : RawPreface(4096);
    session.Receive(head);
    size_t portion = size_t{1} << ((how >> 1) % 15);
    while (!input.empty() && !session.Ended()) {
      session.Receive(input.substr(0, portion));
      input.remove_prefix(std::min(portion, input.size()));
      context.RunDone();
      context.gather.Clear();
      session.Pull(context.gather, 16384);
    }
    context.gather.Clear();
  }
  context.RunDone();
}

}  // namespace
}  // namespace memgrid::frontend::grpc

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static auto& stage = *new memgrid::frontend::grpc::Stage;
  if (size == 0) return 0;
  memgrid::frontend::grpc::Run(stage, data[0], {reinterpret_cast<const char*>(data) + 1, size - 1});
  return 0;
}
