// Doing something on every loop and going on when all have done it.

#pragma once

#include <memory>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "env/loop.h"

namespace memgrid::storage {

// Runs `work(i)` on loop i for each loop of `loops`, then `done` on loop 0. Call on loop 0. Loops may work at the same
// time. `work` is destroyed on loop 0, after the last call.
inline void OnAllLoops(env::LoopGroup& loops, absl::AnyInvocable<void(int)> work, absl::AnyInvocable<void()> done) {
  struct Round {
    absl::AnyInvocable<void(int)> work;
    absl::AnyInvocable<void()> done;
    int left;  // counted on loop 0
  };
  auto* round = new Round{std::move(work), std::move(done), loops.size()};
  for (int i = 0; i < loops.size(); ++i) {
    loops.loop(i).Post([round, i, &loops] {
      round->work(i);
      loops.loop(0).Post([round] {
        if (--round->left > 0) return;
        std::unique_ptr<Round> last(round);
        last->done();
      });
    });
  }
}

}  // namespace memgrid::storage
