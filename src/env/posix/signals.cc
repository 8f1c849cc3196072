#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <map>
#include <memory>
#include <utility>

#include "base/check.h"
#include "env/posix/internal/posix_loop.h"
#include "env/posix/posix_env.h"

namespace memgrid::env {
namespace internal {
namespace {

// All that a signal handler may touch: the writing end of the pipe, or -1.
std::atomic<int> signal_pipe{-1};
static_assert(std::atomic<int>::is_always_lock_free);

void WriteSignal(int signal) {
  const int saved = errno;
  const auto byte = static_cast<unsigned char>(signal);
  // A full pipe means that this signal waits in it already, as good as certainly.
  (void)!::write(signal_pipe.load(), &byte, 1);
  errno = saved;
}

}  // namespace

// Brings signals to a loop through a pipe. Owned by the loop.
class SignalWatch final : public LoopPart, EpollTarget, ReadyTarget {
 public:
  explicit SignalWatch(PosixLoop& loop) : loop_(loop) {
    int ends[2];
    MEMGRID_CHECK(::pipe2(ends, O_CLOEXEC | O_NONBLOCK) == 0, "pipe2, errno ", errno);
    read_ = UniqueFd(ends[0]);
    write_ = UniqueFd(ends[1]);
    MEMGRID_CHECK(signal_pipe.exchange(write_.get()) == -1, "two loops that take signals");
    MEMGRID_CHECK(loop.Watch(read_.get(), this) == 0, "epoll_ctl, errno ", errno);
  }

  ~SignalWatch() override {
    for (const auto& [signal, handler] : handlers_) ::signal(signal, SIG_DFL);
    signal_pipe = -1;
  }

  void Add(int signal, base::Task handler) {
    MEMGRID_CHECK(handlers_.emplace(signal, std::move(handler)).second, "signal ", signal,
                  " has a handler");
    struct sigaction action {};
    action.sa_handler = WriteSignal;
    action.sa_flags = SA_RESTART;
    ::sigfillset(&action.sa_mask);
    MEMGRID_CHECK(::sigaction(signal, &action, nullptr) == 0, "sigaction, errno ", errno);
  }

 private:
  void OnEvents(uint32_t) override { loop_.MakeReady(this); }

  bool OnReady() override {
    unsigned char signals[64];
    const ssize_t got = ::read(read_.get(), signals, sizeof signals);
    for (ssize_t i = 0; i < got; ++i) handlers_.at(signals[i])();
    return got == sizeof signals;
  }

  PosixLoop& loop_;
  UniqueFd read_, write_;
  std::map<int, base::Task> handlers_;
};

}  // namespace internal

void OnSignal(Loop& loop, int signal, base::Task handler) {
  auto& posix_loop = static_cast<internal::PosixLoop&>(loop);
  auto* watch = static_cast<internal::SignalWatch*>(posix_loop.signals());
  if (watch == nullptr) {
    auto created = std::make_unique<internal::SignalWatch>(posix_loop);
    watch = created.get();
    posix_loop.set_signals(std::move(created));
  }
  watch->Add(signal, std::move(handler));
}

}  // namespace memgrid::env
