// A few threads for calls that block: name look-ups, reservations, and all disk traffic where the
// kernel refuses io_uring.

#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include "base/task.h"

namespace memgrid::env::internal {

// Threads: any, but Stop must not be called by one of its own.
class BlockingPool {
 public:
  explicit BlockingPool(int max_threads);
  ~BlockingPool();

  // Runs `job` on one of the pool's threads; they are started as they are needed. Jobs start in
  // order. After Stop the job is destroyed instead.
  void Run(base::Task job);

  // Runs what was handed in and ends the threads. Idempotent.
  void Stop();

 private:
  void Work();

  const size_t max_threads_;
  std::mutex mutex_;
  std::condition_variable wanted_;
  std::deque<base::Task> jobs_;
  std::vector<std::thread> threads_;
  size_t idle_ = 0;
  bool stopping_ = false;
};

}  // namespace memgrid::env::internal
