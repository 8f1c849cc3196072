// What the conformance tests run on: the same expectations for every implementation of env.

#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "env/disk.h"
#include "env/loop.h"
#include "env/network.h"
#include "env/random.h"
#include "gtest/gtest.h"

namespace memgrid::env {

// Something that a test waits for. Thread-safe.
class Flag {
 public:
  void Set() {
    const std::lock_guard lock(mutex_);
    set_ = true;
    changed_.notify_all();
  }
  bool IsSet() const {
    const std::lock_guard lock(mutex_);
    return set_;
  }
  // False if it takes longer than `limit`.
  bool WaitFor(Nanos limit) const {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, limit, [this] { return set_; });
  }

 private:
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  bool set_ = false;
};

class ConformanceEnv {
 public:
  virtual ~ConformanceEnv() = default;

  static constexpr int kLoops = 3;
  virtual LoopGroup& group() = 0;
  // A folder of the test's own, empty.
  virtual const std::string& folder() const = 0;
  // A host that this env may listen on.
  virtual std::string host() const = 0;
  // Lets the loops run until `flag` is set; false if that takes very long.
  virtual bool Await(const Flag& flag) = 0;
};

struct ConformanceParam {
  const char* name;
  std::function<std::unique_ptr<ConformanceEnv>()> make;
};

inline void PrintTo(const ConformanceParam& param, std::ostream* out) { *out << param.name; }

// The implementations, and how tests are run over all of them.
const std::vector<ConformanceParam>& ConformanceParams();

class Conformance : public testing::TestWithParam<ConformanceParam> {
 protected:
  Conformance() : env_(GetParam().make()) {}

  LoopGroup& group() { return env_->group(); }
  Loop& loop(int index) { return group().loop(index); }
  void Start() { group().Start(); }
  void Stop() { group().Stop(); }
  void Await(const Flag& flag) { ASSERT_TRUE(env_->Await(flag)); }

  // Runs `work` on a loop and waits for it.
  void On(int index, std::function<void()> work) {
    Flag done;
    loop(index).Post([&] {
      work();
      done.Set();
    });
    Await(done);
  }

  const std::unique_ptr<ConformanceEnv> env_;
};

#define MEMGRID_CONFORMANCE(Suite)                                                     \
  INSTANTIATE_TEST_SUITE_P(Env, Suite, testing::ValuesIn(ConformanceParams()),         \
                           [](const testing::TestParamInfo<ConformanceParam>& param) { \
                             return std::string(param.param.name);                     \
                           })

}  // namespace memgrid::env
