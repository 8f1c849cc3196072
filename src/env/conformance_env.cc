#include <stdlib.h>

#include <filesystem>

#include "env/conformance.h"
#include "env/posix/posix_env.h"
#include "env/sim/sim_world.h"

namespace memgrid::env {
namespace {

class PosixEnv final : public ConformanceEnv {
 public:
  explicit PosixEnv(bool io_uring)
      : group_(MakePosixLoops({.loops = kLoops, .io_uring = io_uring})) {
    char name[] = "memgrid-conformance-XXXXXX";
    folder_ = std::filesystem::absolute(::mkdtemp(name));
  }
  ~PosixEnv() override {
    group_.reset();
    std::filesystem::remove_all(folder_);
  }

  LoopGroup& group() override { return *group_; }
  const std::string& folder() const override { return folder_; }
  std::string host() const override { return "127.0.0.1"; }
  bool Await(const Flag& flag) override { return flag.WaitFor(std::chrono::seconds(60)); }

 private:
  std::unique_ptr<LoopGroup> group_;
  std::string folder_;
};

class SimEnv final : public ConformanceEnv {
 public:
  explicit SimEnv(uint64_t seed) : world_(seed), group_(world_.Boot("n1", kLoops)) {
    EXPECT_TRUE(world_.disk("n1").MakeFolder(folder_).ok());
  }

  LoopGroup& group() override { return group_; }
  const std::string& folder() const override { return folder_; }
  std::string host() const override { return "127.0.0.1"; }
  bool Await(const Flag& flag) override {
    return world_.RunUntil([&flag] { return flag.IsSet(); }, std::chrono::seconds(20));
  }

 private:
  SimWorld world_;
  LoopGroup& group_;
  const std::string folder_ = "/test";
};

}  // namespace

const std::vector<ConformanceParam>& ConformanceParams() {
  static const auto& params = *new std::vector<ConformanceParam>{
      {"Posix", [] { return std::make_unique<PosixEnv>(true); }},
      {"PosixThreads", [] { return std::make_unique<PosixEnv>(false); }},
      {"Sim1", [] { return std::make_unique<SimEnv>(1); }},
      {"Sim2", [] { return std::make_unique<SimEnv>(2); }},
      {"Sim3", [] { return std::make_unique<SimEnv>(3); }},
  };
  return params;
}

}  // namespace memgrid::env
