#include "frontend/grpc/gather.h"

#include <utility>

#include "base/copy.h"
#include "base/check.h"

namespace memgrid::frontend::grpc {

void Gather::Clear() {
  slices_.clear();
  owners_.clear();
  used_ = 0;
  bytes_ = 0;
}

void Gather::Copy(std::string_view bytes) {
  MEMGRID_CHECK(used_ + bytes.size() <= kBlock, used_, " + ", bytes.size());
  char* to = block_.get() + used_;
  base::CopyBytes(to, bytes);
  used_ += bytes.size();
  bytes_ += bytes.size();
  if (!slices_.empty() && slices_.back().data + slices_.back().size == to && !owners_.back()) {
    slices_.back().size += bytes.size();
  } else {
    slices_.push_back({to, bytes.size()});
    owners_.emplace_back();
  }
}

void Gather::Refer(std::string_view bytes, Outgoing& owner) {
  if (bytes.size() < kReferFrom) {
    Copy(bytes);
  } else {
    Append({bytes.data(), bytes.size()}, OutgoingRef(&owner));
  }
}

void Gather::Append(env::IoSlice slice, OutgoingRef owner) {
  slices_.push_back(slice);
  owners_.push_back(std::move(owner));
  bytes_ += slice.size;
}

}  // namespace memgrid::frontend::grpc
