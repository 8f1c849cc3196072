// Reclamation by quiescence: readers on any loop follow pointers without locks; what was unlinked is freed only when
// every loop has since ended a turn. (McKenney's quiescent-state-based reclamation.)
//
// A loop holds no pointer into shared structures from one turn to the next (what must live longer takes a pin), so
// "every loop has ended a turn since the unlink" means that nobody can still look at the unlinked memory.
//
// Threads: TurnOver, Away and Back of loop i are called by loop i only; the rest by any thread.

#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

namespace memgrid::base {

class Qsbr {
 public:
  // `loops`: 1..256. All loops start away.
  explicit Qsbr(int loops);

  // The stamp of something unlinked now: compare with Passed later.
  uint64_t Now();

  // True once every loop that was not away has ended a turn after `stamp` was taken.
  bool Passed(uint64_t stamp) const;

  // Loop `loop` ended a turn: it holds no pointers. One store to a line of its own.
  void TurnOver(int loop);
  // Before it sleeps, and when it is back, before it reads anything.
  void Away(int loop);
  void Back(int loop);

  int loops() const { return loops_; }

 private:
  static constexpr uint64_t kAway = ~uint64_t{0};
  struct alignas(64) Line {
    std::atomic<uint64_t> seen{kAway};
  };

  const int loops_;
  alignas(64) std::atomic<uint64_t> epoch_{1};
  std::unique_ptr<Line[]> lines_;
};

}  // namespace memgrid::base
