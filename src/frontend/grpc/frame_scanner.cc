#include "frontend/grpc/frame_scanner.h"

#include <algorithm>
#include <cstring>

namespace memgrid::frontend::grpc {
namespace {

// 31 bits; the highest is reserved or means something else.
int32_t StreamId(const uint8_t* p) {
  return static_cast<int32_t>((uint32_t{p[0]} & 0x7f) << 24 | uint32_t{p[1]} << 16 | uint32_t{p[2]} << 8 | p[3]);
}

}  // namespace

bool FrameScanner::Next(std::string_view* in, FrameHead* head) {
  uint64_t skipped = std::min<uint64_t>(skip_, in->size());
  skip_ -= skipped;
  in->remove_prefix(skipped);
  for (;;) {
    // PRIORITY is read on as far as its stream dependency, if it is long enough to have one.
    uint32_t length = uint32_t{head_[0]} << 16 | uint32_t{head_[1]} << 8 | head_[2];
    bool dependency = have_ >= kHead && head_[3] == static_cast<uint8_t>(FrameType::kPriority) && length >= kDependency;
    size_t want = dependency ? kHead + kDependency : kHead;
    if (have_ == want) {
      *head = {static_cast<FrameType>(head_[3]), head_[4], length, StreamId(head_ + 5),
               dependency ? StreamId(head_ + kHead) : 0};
      skip_ = length - (dependency ? kDependency : 0);
      have_ = 0;
      return true;
    }
    if (in->empty()) return false;
    size_t n = std::min(want - have_, in->size());
    std::memcpy(head_ + have_, in->data(), n);
    have_ += n;
    in->remove_prefix(n);
  }
}

}  // namespace memgrid::frontend::grpc
