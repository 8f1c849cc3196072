#include "frontend/grpc/answer_queue.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/check.h"
#include "frontend/grpc/protocol.h"

namespace memgrid::frontend::grpc {
namespace {

constexpr size_t kKeptCapacity = 8192;  // of an emptied queue's small bytes, and taken ones not yet cut off

void AppendPrefix(size_t size, bool compressed, std::string* out) {
  const char prefix[kPrefixSize] = {static_cast<char>(compressed), static_cast<char>(size >> 24),
                                    static_cast<char>(size >> 16), static_cast<char>(size >> 8),
                                    static_cast<char>(size)};
  out->append(prefix, kPrefixSize);
}

}  // namespace

OutgoingRef AnswerQueue::Push(Message&& message, bool compressed, LoopCounters& counters) {
  size_t size = message.size();
  MEMGRID_CHECK(size <= kMaxFramedSize, "a message of ", size, " bytes");
  bool large = size >= kLarge;
  if (!large && large_.empty()) {
    AppendPrefix(size, compressed, &small_);
    small_.append(message.head);
    for (std::string_view slice : message.body.slices) small_.append(slice);
    small_.append(message.tail);
    return {};
  }
  std::string head;
  head.reserve(kPrefixSize + message.head.size() + (large ? 0 : message.body.size));
  AppendPrefix(size, compressed, &head);
  head.append(message.head);
  message.head.clear();
  if (!large) {
    for (std::string_view slice : message.body.slices) head.append(slice);
    message.body.slices.clear();
    message.body.size = 0;
    message.body.keeper = nullptr;
  }
  OutgoingRef outgoing(new Outgoing(std::move(head), std::move(message), counters));
  large_bytes_ += outgoing->remaining();
  large_.push_back(outgoing);
  return outgoing->needs_keeping() ? outgoing : OutgoingRef();
}

size_t AnswerQueue::CopySmall(char* to, size_t room) {
  size_t n = std::min(room, small());
  std::memcpy(to, small_.data() + small_taken_, n);
  small_taken_ += n;
  if (small_taken_ == small_.size() || small_taken_ >= kKeptCapacity) {
    small_.erase(0, small_taken_);
    small_taken_ = 0;
  }
  return n;
}

void AnswerQueue::TakeLarge(size_t n, Gather& gather) {
  OutgoingRef& first = large_[large_first_];
  first->Take(n, gather);
  large_bytes_ -= n;
  if (first->remaining() > 0) return;
  first = OutgoingRef();
  if (++large_first_ == large_.size() || large_first_ >= 64) {
    large_.erase(large_.begin(), large_.begin() + static_cast<ptrdiff_t>(large_first_));
    large_first_ = 0;
  }
}

void AnswerQueue::Clear() {
  if (small_.capacity() > kKeptCapacity) {
    small_ = std::string();
  } else {
    small_.clear();
  }
  small_taken_ = 0;
  large_.clear();
  large_first_ = 0;
  large_bytes_ = 0;
}

}  // namespace memgrid::frontend::grpc
