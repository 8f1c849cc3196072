#include "storage/recovery/stripe_reader.h"

#include <algorithm>
#include <span>
#include <utility>

#include "base/status.h"

namespace memgrid::storage {

StripeReader::StripeReader(Shared& shared, std::vector<uint32_t> highest, absl::AnyInvocable<void(uint32_t)> on_wblock,
                           absl::AnyInvocable<void(absl::Status)> done)
    : shared_(shared),
      highest_(std::move(highest)),
      on_wblock_(std::move(on_wblock)),
      done_(std::move(done)),
      sides_(highest_.size()),
      left_(shared.wblocks->count(), static_cast<uint32_t>(shared.geometry.wblock_bytes())) {
  for (uint32_t last : highest_) bytes_all_ += uint64_t{last} << shared_.geometry.wblock_shift;
}

void StripeReader::Start() {
  for (uint32_t i = 0; i < sides_.size(); ++i) Fill(i);
  FinishIfIdle();
}

void StripeReader::Fill(uint32_t stripe) {
  Side& side = sides_[stripe];
  const uint64_t wblock_bytes = shared_.geometry.wblock_bytes();
  while (failure_.ok() && side.in_flight < kInFlight && side.wblock <= highest_[stripe]) {
    const uint64_t bytes = std::min(kReadBytes, wblock_bytes - side.offset);
    const uint32_t wblock = stripe * shared_.geometry.stripe_wblocks + side.wblock;
    const uint64_t offset = (uint64_t{side.wblock} << shared_.geometry.wblock_shift) + side.offset;
    const std::span<char> into(shared_.wblocks->memory(wblock) + side.offset, bytes);
    ++side.in_flight;
    side.offset += bytes;
    if (side.offset == wblock_bytes) {
      side.offset = 0;
      ++side.wblock;
    }
    shared_.stripes[stripe].file->Read(offset, into, [this, stripe, wblock, bytes](absl::Status status) {
      OnRead(stripe, wblock, bytes, std::move(status));
    });
  }
}

void StripeReader::OnRead(uint32_t stripe, uint32_t wblock, uint64_t bytes, absl::Status status) {
  --sides_[stripe].in_flight;
  if (!status.ok() && failure_.ok()) {
    failure_ = absl::Status(status.code(), base::ToAbsl(base::StrCat(shared_.stripes[stripe].path, ": corrupt: it cannot be read: ",
                                                                   status.message())));
  }
  if (failure_.ok()) {
    bytes_done_ += bytes;
    left_[wblock] -= static_cast<uint32_t>(bytes);
    if (left_[wblock] == 0) on_wblock_(wblock);
  }
  Fill(stripe);
  FinishIfIdle();
}

void StripeReader::FinishIfIdle() {
  if (!done_) return;
  for (uint32_t i = 0; i < sides_.size(); ++i) {
    if (sides_[i].in_flight > 0 || (failure_.ok() && sides_[i].wblock <= highest_[i])) return;
  }
  std::exchange(done_, nullptr)(failure_);
}

}  // namespace memgrid::storage
