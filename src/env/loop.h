// The event loop: one thread, one queue of tasks, timers, connections and disk completions.
//
// A loop works in turns: it takes what is ready (sockets, completions, posted tasks, due timers),
// runs it, then runs the turn-end hooks, then waits. Hooks are where replies leave, flushes are
// decided and cross-loop messages are sent: what arrives together leaves together.
//
// Threads: Post may be called by any thread; everything else only on the loop itself, or before
// Run.

#pragma once

#include <cstdint>
#include <string_view>

#include "base/qsbr.h"
#include "base/task.h"
#include "env/clock.h"

namespace memgrid::env {

class Disk;
class Network;
class Random;

class Loop {
 public:
  using TimerId = uint64_t;  // 0 is no timer
  virtual ~Loop() = default;

  // Number of this loop in its group, from 0.
  virtual int index() const = 0;

  // Runs `task` on this loop in one of its next turns, in the order of posting by one thread. Wakes
  // the loop if it sleeps; a wake-up costs 20-30 µs of CPU on the caller's side, so callers batch
  // what they can per turn.
  virtual void Post(base::Task task) = 0;

  // Runs `task` once, `delay` from now or a little later (resolution: 1 ms in a real process, exact
  // in a simulation).
  virtual TimerId RunAfter(Nanos delay, base::Task task) = 0;
  // Does nothing if the timer has fired or is unknown. After it the task is never run; it is
  // destroyed at once.
  virtual void Cancel(TimerId timer) = 0;

  // `hook` runs at the end of every turn, for the life of the loop, in the order of registration.
  // Hooks may call RequestTurn to be run again without waiting for input.
  virtual void AtTurnEnd(base::Task hook) = 0;
  virtual void RequestTurn() = 0;

  // True on the loop's own thread.
  virtual bool InLoop() const = 0;

  virtual const Clock& clock() const = 0;
  virtual Random& random() = 0;
  virtual Network& network() = 0;
  virtual Disk& disk() = 0;
};

// The loops of one server process (or of one simulated server). Construct, hand out loops, Run,
// Stop, join.
class LoopGroup {
 public:
  virtual ~LoopGroup() = default;
  virtual int size() const = 0;
  virtual Loop& loop(int index) = 0;

  // Tells when every loop has ended a turn: when memory that loops read without locks may be freed.
  // The loops report to it themselves. Lives as long as the group.
  virtual base::Qsbr& qsbr() = 0;
  // Turns that took longer than 10 ms so far, over all loops: whoever waited behind them was late.
  // Any thread.
  virtual uint64_t slow_turns() const = 0;

  // Starts every loop (a thread each in a real process). Returns at once.
  virtual void Start() = 0;
  // Ends every loop after its current turn and waits for that; tasks not yet run are destroyed on
  // the calling thread. From another thread than the loops'. Idempotent.
  virtual void Stop() = 0;
};

}  // namespace memgrid::env
