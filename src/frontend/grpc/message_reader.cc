#include "frontend/grpc/message_reader.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/status.h"

namespace memgrid::frontend::grpc {
namespace {

// A message of up to this size gets its memory at once, whatever the state of the loop.
constexpr size_t kTrusted = 64u << 10;

}  // namespace

absl::Status MessageReader::Feed(std::string_view* in) {
  if (prefix_have_ < kPrefixSize) {
    size_t n = std::min(kPrefixSize - prefix_have_, in->size());
    std::memcpy(prefix_ + prefix_have_, in->data(), n);
    prefix_have_ += n;
    in->remove_prefix(n);
    if (prefix_have_ < kPrefixSize) return absl::OkStatus();
    MEMGRID_RETURN_IF_ERROR(Announced());
  }
  size_t n = std::min(announced_ - message_.size(), in->size());
  if (n > 0) {
    if (message_.size() + n > message_.capacity()) MEMGRID_RETURN_IF_ERROR(Grow(message_.size() + n));
    std::memcpy(message_.data() + message_.size(), in->data(), n);
    message_.set_size(message_.size() + n);
    in->remove_prefix(n);
  }
  complete_ = message_.size() == announced_;
  return absl::OkStatus();
}

absl::Status MessageReader::Announced() {
  if (prefix_[0] > 1) return base::Internal("a message begins with flags ", prefix_[0], "; 0 and 1 are known");
  announced_ = size_t{prefix_[1]} << 24 | size_t{prefix_[2]} << 16 | size_t{prefix_[3]} << 8 | prefix_[4];
  if (announced_ > limits_.message_bytes) {
    return base::ResourceExhausted("message of ", announced_, " bytes; at most ", limits_.message_bytes, " are allowed");
  }
  // The announcement is believed, and nothing copied later, while the loop has plenty; otherwise memory follows what came.
  bool plenty = counters_.incomplete_bytes.get() + announced_ <= limits_.incomplete_bytes / 2;
  return Grow(plenty ? announced_ : std::min(announced_, kTrusted));
}

absl::Status MessageReader::Grow(size_t needed) {
  size_t capacity = std::min(std::max(needed, message_.capacity() * 2), announced_);
  if (capacity == 0) return absl::OkStatus();
  if (counters_.incomplete_bytes.get() - charged_ + capacity > limits_.incomplete_bytes) {
    return base::WithRetryAfter(base::Unavailable("too many incomplete requests: ", limits_.incomplete_bytes,
                                                  " bytes are allowed for a loop of the server"),
                                100);
  }
  base::Buffer larger(capacity);
  if (message_.size() > 0) std::memcpy(larger.data(), message_.data(), message_.size());
  larger.set_size(message_.size());
  message_ = std::move(larger);
  counters_.incomplete_bytes.Add(capacity - charged_);
  charged_ = capacity;
  return absl::OkStatus();
}

void MessageReader::Uncharge() {
  counters_.incomplete_bytes.Sub(charged_);
  charged_ = 0;
}

base::Buffer MessageReader::Take() {
  Uncharge();
  prefix_have_ = 0;
  announced_ = 0;
  complete_ = false;
  return std::exchange(message_, base::Buffer());
}

void MessageReader::Reset() {
  Uncharge();
  message_ = base::Buffer();
  prefix_have_ = 0;
  announced_ = 0;
  complete_ = false;
}

}  // namespace memgrid::frontend::grpc
