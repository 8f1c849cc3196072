// A large answer message on its way out. Its bytes leave from where they lie, so it lives until the last of them has been
// given to the kernel, which may be after its call is gone.

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "base/payload.h"
#include "frontend/grpc/call.h"
#include "frontend/grpc/counters.h"

namespace memgrid::frontend::grpc {

class Gather;

// Counted by hand: everything happens on one loop.
class Outgoing {
 public:
  // `prefix_and_head` begins with the five bytes of framing; `message.head` has moved into it.
  Outgoing(std::string prefix_and_head, Message&& message, LoopCounters& counters);
  ~Outgoing();
  Outgoing(const Outgoing&) = delete;
  Outgoing& operator=(const Outgoing&) = delete;

  // Bytes not yet taken.
  size_t remaining() const { return size_ - taken_; }
  // Moves the next `n` (at most remaining()) to `gather`, which may keep references to this.
  void Take(size_t n, Gather& gather);

  // True while bytes lie in memory of the engine that was not asked to keep it.
  bool needs_keeping() const { return message_.body.keeper != nullptr && hold_ == nullptr; }
  // Asks the keeper. In the turn in which the message was sent.
  void Keep() { hold_ = message_.body.keeper->Keep(message_.body.slices); }
  bool wanted() const { return hold_ != nullptr && hold_->Wanted(); }
  // Copies what was not yet taken and lets the engine's memory go. Bytes already taken must have been copied before.
  void CopyRest();
  // Bytes that CopyRest took.
  size_t copied() const { return copied_; }

  uint32_t references = 0;

 private:
  Message message_;  // head is part of head_
  std::string head_;
  std::unique_ptr<base::Hold> hold_;
  LoopCounters& counters_;
  size_t size_;
  size_t taken_ = 0;
  size_t copied_ = 0;
  size_t part_ = 0;    // 0 the head, then the slices, then the tail
  size_t offset_ = 0;  // taken of that part
};

// A counted reference.
class OutgoingRef {
 public:
  OutgoingRef() = default;
  explicit OutgoingRef(Outgoing* outgoing) : outgoing_(outgoing) {
    if (outgoing_ != nullptr) ++outgoing_->references;
  }
  OutgoingRef(const OutgoingRef& other) : OutgoingRef(other.outgoing_) {}
  OutgoingRef(OutgoingRef&& other) noexcept : outgoing_(std::exchange(other.outgoing_, nullptr)) {}
  OutgoingRef& operator=(OutgoingRef other) noexcept {
    std::swap(outgoing_, other.outgoing_);
    return *this;
  }
  ~OutgoingRef() {
    if (outgoing_ != nullptr && --outgoing_->references == 0) delete outgoing_;
  }

  Outgoing* get() const { return outgoing_; }
  Outgoing* operator->() const { return outgoing_; }
  explicit operator bool() const { return outgoing_ != nullptr; }

 private:
  Outgoing* outgoing_ = nullptr;
};

}  // namespace memgrid::frontend::grpc
