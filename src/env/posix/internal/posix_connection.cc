#include "env/posix/internal/posix_connection.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>

#include "base/check.h"
#include "env/posix/internal/lingering.h"

namespace memgrid::env::internal {
namespace {

constexpr size_t kMaxSlices = 1024;  // the kernel's limit for one call

// Slices are handed to the kernel as they are.
static_assert(sizeof(IoSlice) == sizeof(iovec));
static_assert(offsetof(IoSlice, data) == offsetof(iovec, iov_base));
static_assert(offsetof(IoSlice, size) == offsetof(iovec, iov_len));

}  // namespace

void PosixConnection::SetHandler(ConnectionHandler* handler) {
  handler_ = handler;
  CallIfPending();
}

void PosixConnection::SetInterest(bool readable, bool writable) {
  want_read_ = readable;
  want_write_ = writable;
  CallIfPending();
}

IoResult PosixConnection::Read(std::span<char> into) {
  MEMGRID_DCHECK(!into.empty(), "a read into nothing");
  if (!fd_.ok()) return {IoResult::kError, 0, ENOTCONN};
  while (true) {
    const ssize_t got = ::recv(fd_.get(), into.data(), into.size(), 0);
    if (got > 0) {
      // A short read has emptied the kernel's buffer: whatever comes later is a new event.
      if (static_cast<size_t>(got) < into.size() && !ended_) readable_ = false;
      return {IoResult::kOk, static_cast<size_t>(got)};
    }
    if (got == 0) {
      ended_ = true;
      return {IoResult::kEnd};
    }
    if (errno == EINTR) continue;
    if (errno != EAGAIN && errno != EWOULDBLOCK) return {IoResult::kError, 0, errno};
    readable_ = false;
    return {IoResult::kWouldBlock};
  }
}

IoResult PosixConnection::Write(std::span<const IoSlice> slices) {
  if (!fd_.ok()) return {IoResult::kError, 0, ENOTCONN};
  slices = slices.first(std::min(slices.size(), kMaxSlices));
  size_t total = 0;
  for (const IoSlice& slice : slices) total += slice.size;
  MEMGRID_DCHECK(total > 0, "a write of nothing");
  msghdr message{};
  message.msg_iov = reinterpret_cast<iovec*>(const_cast<IoSlice*>(slices.data()));
  message.msg_iovlen = slices.size();
  while (true) {
    const ssize_t sent = slices.size() == 1 ? ::send(fd_.get(), slices[0].data, total, MSG_NOSIGNAL)
                                            : ::sendmsg(fd_.get(), &message, MSG_NOSIGNAL);
    if (sent >= 0) {
      // The kernel's buffer is full: it tells when there is room again.
      if (static_cast<size_t>(sent) < total) writable_ = false;
      return {IoResult::kOk, static_cast<size_t>(sent)};
    }
    if (errno == EINTR) continue;
    if (errno != EAGAIN && errno != EWOULDBLOCK) return {IoResult::kError, 0, errno};
    writable_ = false;
    return {IoResult::kWouldBlock};
  }
}

void PosixConnection::Close() {
  handler_ = nullptr;
  if (!fd_.ok()) return;
  if (loop_ != nullptr) loop_->Forget(this);
  // Where the other side has ended too, or may not have got our last bytes for other reasons,
  // there is nothing to wait for.
  if (loop_ != nullptr && loop_->InLoop() && !ended_ && !broken_) {
    loop_->lingering().Take(std::move(fd_));
  }
  fd_.Reset();
}

void PosixConnection::Attach(Loop& loop) {
  loop_ = static_cast<PosixLoop*>(&loop);
  const int error = fd_.ok() ? loop_->Watch(fd_.get(), this) : EBADF;
  if (error == 0) return;
  // Out of kernel memory: the handler finds a broken connection.
  fd_.Reset();
  OnEvents(EPOLLERR);
}

void PosixConnection::Detach() {
  if (fd_.ok()) loop_->Unwatch(fd_.get());
  loop_->Forget(this);
  loop_ = nullptr;
  handler_ = nullptr;
  // What is ready is reported anew to the next loop.
  readable_ = false;
  want_read_ = true;
  want_write_ = false;
}

void PosixConnection::OnEvents(uint32_t events) {
  if ((events & (EPOLLHUP | EPOLLERR)) != 0) broken_ = readable_ = writable_ = true;
  if ((events & EPOLLRDHUP) != 0) ended_ = readable_ = true;
  if ((events & EPOLLIN) != 0) readable_ = true;
  if ((events & EPOLLOUT) != 0) writable_ = true;
  CallIfPending();
}

bool PosixConnection::Pending() const {
  return handler_ != nullptr && loop_ != nullptr &&
         ((want_read_ && readable_) || (want_write_ && writable_) || (broken_ && !want_read_));
}

void PosixConnection::CallIfPending() {
  if (Pending()) loop_->MakeReady(this);
}

bool PosixConnection::OnReady() {
  // Each call may destroy, close or move this connection: then nothing of it is touched again.
  PosixLoop* const loop = loop_;
  if (Pending() && broken_ && !want_read_) {
    std::exchange(handler_, nullptr)->OnClosed();
    return false;
  }
  if (handler_ != nullptr && readable_ && want_read_) {
    handler_->OnReadable();
    if (!loop->StillCalling(this)) return false;
  }
  if (handler_ != nullptr && writable_ && want_write_) {
    handler_->OnWritable();
    if (!loop->StillCalling(this)) return false;
  }
  return Pending();
}

}  // namespace memgrid::env::internal
