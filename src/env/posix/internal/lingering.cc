#include "env/posix/internal/lingering.h"

#include <sys/socket.h>

#include <cerrno>
#include <utility>

namespace memgrid::env::internal {

class Lingering::Socket final : EpollTarget, ReadyTarget {
 public:
  Socket(Lingering& owner, UniqueFd fd) : owner_(owner), fd_(std::move(fd)) {
    ::shutdown(fd_.get(), SHUT_WR);
    timer_ = owner_.loop_.RunAfter(kLongest, [this] { Finish(); });
    owner_.loop_.Unwatch(fd_.get());
    if (owner_.loop_.Watch(fd_.get(), this) != 0) owner_.loop_.MakeReady(this);
  }
  ~Socket() override { owner_.loop_.Cancel(timer_); }

 private:
  void OnEvents(uint32_t) override { owner_.loop_.MakeReady(this); }

  bool OnReady() override {
    char scrap[65536];
    const ssize_t got = ::recv(fd_.get(), scrap, sizeof scrap, MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return false;
    discarded_ += got > 0 ? static_cast<uint64_t>(got) : 0;
    if (got > 0 && discarded_ <= kMaxDiscarded) return true;
    Finish();
    return false;
  }

  // Destroys this.
  void Finish() { owner_.sockets_.erase(this); }

  Lingering& owner_;
  const UniqueFd fd_;
  Loop::TimerId timer_ = 0;
  uint64_t discarded_ = 0;
};

Lingering::Lingering(PosixLoop& loop) : loop_(loop) {}

Lingering::~Lingering() = default;

void Lingering::Take(UniqueFd fd) {
  if (sockets_.size() >= kMaxSockets) return;
  auto socket = std::make_unique<Socket>(*this, std::move(fd));
  sockets_.emplace(socket.get(), std::move(socket));
}

void Lingering::Clear() { sockets_.clear(); }

}  // namespace memgrid::env::internal
