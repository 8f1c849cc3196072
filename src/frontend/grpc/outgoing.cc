#include "frontend/grpc/outgoing.h"

#include <algorithm>
#include <string_view>

#include "base/copy.h"
#include "frontend/grpc/gather.h"

namespace memgrid::frontend::grpc {

Outgoing::Outgoing(std::string prefix_and_head, Message&& message, LoopCounters& counters)
    : message_(std::move(message)),
      head_(std::move(prefix_and_head)),
      counters_(counters),
      size_(head_.size() + message_.body.size + message_.tail.size()) {}

Outgoing::~Outgoing() { counters_.copied_bytes.Sub(copied_); }

void Outgoing::Take(size_t n, Gather& gather) {
  taken_ += n;
  while (n > 0) {
    size_t slices = message_.body.slices.size();
    std::string_view part = part_ == 0         ? std::string_view(head_)
                            : part_ <= slices ? message_.body.slices[part_ - 1]
                                              : std::string_view(message_.tail);
    size_t m = std::min(n, part.size() - offset_);
    if (m > 0) gather.Refer(part.substr(offset_, m), *this);
    offset_ += m;
    n -= m;
    if (offset_ == part.size()) {
      ++part_;
      offset_ = 0;
    }
  }
}

void Outgoing::CopyRest() {
  size_t slices = message_.body.slices.size();
  base::Payload copy;
  if (part_ <= slices) {
    size_t first = part_ == 0 ? 0 : part_ - 1;
    size_t skip = part_ == 0 ? 0 : offset_;
    size_t bytes = 0;
    for (size_t i = first; i < slices; ++i) bytes += message_.body.slices[i].size();
    bytes -= skip;
    copy.owned = std::make_unique_for_overwrite<char[]>(bytes);
    char* to = copy.owned.get();
    for (size_t i = first; i < slices; ++i) {
      std::string_view slice = message_.body.slices[i].substr(i == first ? skip : 0);
      base::CopyBytes(to, slice);
      to += slice.size();
    }
    copy.Add({copy.owned.get(), bytes});
    copied_ += bytes;
    counters_.copied_bytes.Add(bytes);
    if (part_ > 0) {
      part_ = 1;
      offset_ = 0;
    }
  } else {
    part_ = 1;  // only the tail is left
  }
  message_.body = std::move(copy);
  hold_.reset();
}

}  // namespace memgrid::frontend::grpc
