// The messages of one answer, framed, in order: small ones as one run of bytes, large ones as they are.

#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "frontend/grpc/outgoing.h"

namespace memgrid::frontend::grpc {

// Used by one loop.
class AnswerQueue {
 public:
  // Messages of this size and more are not copied.
  static constexpr size_t kLarge = 4096;

  // Queues a framed message. If it is large and lies in memory of the engine, the result refers to it, so that the caller
  // can see to it at the end of the turn; else the result is empty.
  OutgoingRef Push(Message&& message, bool compressed, LoopCounters& counters);
  // Queues bytes without framing: the body of an answer that is not gRPC.
  void PushPlain(std::string_view bytes) { small_.append(bytes); }

  // Bytes not yet taken.
  size_t bytes() const { return small_.size() - small_taken_ + large_bytes_; }
  // What is next: small bytes, to be had with CopySmall, or else large ones, with TakeLarge.
  size_t small() const { return small_.size() - small_taken_; }
  // Of the first large message.
  size_t large() const { return large_.size() == large_first_ ? 0 : large_[large_first_]->remaining(); }
  // Copies up to `room` small bytes; returns how many.
  size_t CopySmall(char* to, size_t room);
  // Moves the next `n` (at most large()) to `gather`.
  void TakeLarge(size_t n, Gather& gather);
  // Drops everything.
  void Clear();

  // Calls visit(OutgoingRef&) for each large message.
  template <typename Visit>
  void ForEachLarge(Visit visit) {
    for (size_t i = large_first_; i < large_.size(); ++i) visit(large_[i]);
  }

 private:
  // Small messages are appended to small_ only while there is no large one before them.
  std::string small_;
  size_t small_taken_ = 0;
  std::vector<OutgoingRef> large_;
  size_t large_first_ = 0;
  size_t large_bytes_ = 0;
};

}  // namespace memgrid::frontend::grpc
