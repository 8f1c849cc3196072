// The loops of a real process: threads, epoll, io_uring, TCP, files, the kernel's clocks.

#pragma once

#include <functional>
#include <memory>

#include "base/task.h"
#include "env/disk.h"
#include "env/loop.h"
#include "env/random.h"

namespace memgrid::env {

struct PosixOptions {
  int loops = 1;  // 1..256: a thread each
  // False uses threads for the disk where io_uring would be used; where the kernel refuses
  // io_uring, as it does in many containers, that is done without being asked for.
  bool io_uring = true;
  int blocking_threads = 4;  // at most, for calls that block: names, reservations, that disk
  // Called on the loop after a turn of more than 10 ms; may be empty.
  std::function<void(int loop, Nanos took)> on_slow_turn;
};

// Never null; dies if the process may not have the few descriptors that a loop needs.
std::unique_ptr<LoopGroup> MakePosixLoops(PosixOptions options);

// What is needed before there are loops: to read a configuration, to make keys, to write a log. The
// disk's files take synchronous calls until they are used on a loop. Thread-safe; for ever.
Disk& ProcessDisk();
const Clock& ProcessClock();
Random& ProcessRandom();

// Runs `handler` on `loop`, which is of a group made here, each time the process gets `signal`
// (several that come at once may count as one). One loop of the process takes all signals. Called
// before the group starts, once for each signal; what was set lasts until the group is destroyed,
// which restores the default action.
void OnSignal(Loop& loop, int signal, base::Task handler);

}  // namespace memgrid::env
