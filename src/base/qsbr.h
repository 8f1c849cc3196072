// Reclamation by quiescence: readers on any loop follow pointers without locks; what was unlinked
// is freed only when every loop has since ended a turn. (McKenney's quiescent-state-based
// reclamation.)
//
// A loop holds no pointer into shared structures from one turn to the next (what must live longer
// takes a pin), so "every loop has ended a turn since the unlink" means that nobody can still look
// at the unlinked memory.
//
// Threads: TurnOver, Away and Back of loop i are called by loop i only; the rest by any thread.

#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

namespace memgrid::base {

class Qsbr {
 public:
  static constexpr int kMaxLoops = 256;

  // `loops`: 1..kMaxLoops. All loops start away.
  explicit Qsbr(int loops);
  Qsbr(const Qsbr&) = delete;
  Qsbr& operator=(const Qsbr&) = delete;

  // The stamp of something unlinked before this call: compare with Passed later. Stamps grow. One
  // stamp may stand for any number of unlinks made before it, and taking one touches a line that
  // all loops read: take one per turn rather than one per pointer.
  uint64_t Now();

  // True once every loop that was not away has ended a turn after `stamp` was taken; it stays true.
  // What was unlinked before `stamp` may then be freed by the caller. Looks at one line per loop.
  bool Passed(uint64_t stamp) const;

  // Loop `loop` ended a turn: it holds no pointers. One store to a line of its own.
  void TurnOver(int loop) {
    lines_[loop].seen.store(epoch_.load(std::memory_order_acquire), std::memory_order_release);
  }
  // Before it sleeps: it holds no pointers and reads nothing until Back.
  void Away(int loop) { lines_[loop].seen.store(kAway, std::memory_order_release); }
  // When it has woken up, before it reads anything shared.
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
