// One TCP connection on a loop.

#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "env/network.h"
#include "env/posix/internal/posix_loop.h"
#include "env/posix/internal/unique_fd.h"

namespace memgrid::env::internal {

// What the kernel last said about readiness is kept here (the descriptor is registered
// edge-triggered, once); the handler is called while that and its interest agree.
class PosixConnection final : public Connection, EpollTarget, ReadyTarget {
 public:
  // `fd` is connected and non-blocking. Belongs to no loop until Attach.
  PosixConnection(UniqueFd fd, std::string peer) : fd_(std::move(fd)), peer_(std::move(peer)) {}
  ~PosixConnection() override { Close(); }

  void SetHandler(ConnectionHandler* handler) override;
  void SetInterest(bool readable, bool writable) override;
  IoResult Read(std::span<char> into) override;
  IoResult Write(std::span<const IoSlice> slices) override;
  void Close() override;
  std::string_view peer() const override { return peer_; }

  void Attach(Loop& loop) override;

 protected:
  void Detach() override;

 private:
  void OnEvents(uint32_t events) override;
  bool OnReady() override;
  // True if the handler has something to hear.
  bool Pending() const;
  void CallIfPending();

  UniqueFd fd_;
  PosixLoop* loop_ = nullptr;
  ConnectionHandler* handler_ = nullptr;
  bool want_read_ = true;
  bool want_write_ = false;
  bool readable_ = false;
  bool writable_ = true;
  bool ended_ = false;   // the other side has ended its stream: a short read is not the last one
  bool broken_ = false;  // both directions are gone
  const std::string peer_;
};

}  // namespace memgrid::env::internal
