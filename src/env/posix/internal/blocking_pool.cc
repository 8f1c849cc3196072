#include "env/posix/internal/blocking_pool.h"

#include <pthread.h>

#include <algorithm>
#include <utility>

namespace memgrid::env::internal {

BlockingPool::BlockingPool(int max_threads)
    : max_threads_(static_cast<size_t>(std::max(max_threads, 1))) {}

BlockingPool::~BlockingPool() { Stop(); }

void BlockingPool::Run(base::Task job) {
  std::unique_lock lock(mutex_);
  if (stopping_) {
    lock.unlock();
    return;
  }
  jobs_.push_back(std::move(job));
  if (idle_ >= jobs_.size() || threads_.size() == max_threads_) {
    wanted_.notify_one();
  } else {
    threads_.emplace_back([this] { Work(); });
  }
}

void BlockingPool::Stop() {
  std::vector<std::thread> threads;
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
    threads.swap(threads_);
    wanted_.notify_all();
  }
  for (std::thread& thread : threads) thread.join();
}

void BlockingPool::Work() {
  ::pthread_setname_np(::pthread_self(), "mg-blocking");
  std::unique_lock lock(mutex_);
  while (true) {
    ++idle_;
    wanted_.wait(lock, [this] { return stopping_ || !jobs_.empty(); });
    --idle_;
    if (jobs_.empty()) return;
    base::Task job = std::move(jobs_.front());
    jobs_.pop_front();
    lock.unlock();
    job();
    job = nullptr;
    lock.lock();
  }
}

}  // namespace memgrid::env::internal
