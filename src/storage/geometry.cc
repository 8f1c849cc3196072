#include "storage/geometry.h"

#include <algorithm>

#include "base/status.h"
#include "base/units.h"
#include "storage/mark.h"

namespace memgrid::storage {

constexpr int kSmallestShift = 20;
constexpr int kLargestShift = 23;
constexpr int kTiniestShift = 14;
constexpr uint64_t kWantedWblocks = 1024;
constexpr uint32_t kWblocksPerShard = 12;

size_t Geometry::max_record() const { return std::min<uint64_t>(wblock_bytes() / 8, kFlushBytes - 4096); }

size_t Geometry::header_copy_bytes() const {
  const size_t bytes = kStripeHeaderBytes + static_cast<size_t>(shards) * kShardEntryBytes;
  return (bytes + io_unit - 1) / io_unit * io_unit;
}

uint64_t Geometry::sure_bytes() const {
  // A flush that ends early because the next record does not fit, the padding and mark of each flush, the first mark's.
  const uint64_t flushes = 2 * (wblock_bytes() / kFlushBytes) + 2;
  const uint64_t per_flush = shadow ? io_unit + kMarkBytes : 0;
  return wblock_bytes() - max_record() - flushes * per_flush;
}

absl::Status CheckShards(const Geometry& geometry) {
  const uint32_t most = geometry.usable_wblocks() / kWblocksPerShard;
  if (geometry.shards >= 1 && geometry.shards <= kMaxShards &&
      static_cast<uint32_t>(geometry.shards) <= most) {
    return absl::OkStatus();
  }
  return base::InvalidArgument("shards = ", geometry.shards, ": a store of ",
                               base::FormatBytes(geometry.capacity_bytes()), " (", geometry.usable_wblocks(),
                               " wblocks) can have 1 to ", std::min<uint32_t>(most, kMaxShards),
                               "; lower `shards` or raise `filesize` or `data-size`");
}

absl::StatusOr<Geometry> PlanGeometry(const StoreOptions& options, int loops, uint32_t io_unit) {
  Geometry plan;
  plan.shadow = options.has_shadow();
  plan.io_unit = io_unit;
  plan.stripes = plan.shadow ? static_cast<int>(options.files.size() + options.devices.size()) : 1;
  if (plan.stripes > kMaxStripes) {
    return base::InvalidArgument(plan.stripes, " files: at most ", kMaxStripes, " are allowed");
  }
  const uint64_t stripe_bytes = plan.shadow ? options.filesize : options.data_size;
  const uint64_t total = stripe_bytes * static_cast<uint64_t>(plan.stripes);
  plan.wblock_shift = options.wblock_shift != 0 ? options.wblock_shift : kSmallestShift;
  while (options.wblock_shift == 0 && plan.wblock_shift < kLargestShift && (total >> (plan.wblock_shift + 1)) >= kWantedWblocks) {
    ++plan.wblock_shift;
  }
  if (plan.wblock_shift < kTiniestShift || plan.wblock_shift > kLargestShift) {
    return base::InvalidArgument("wblock-shift = ", plan.wblock_shift, ": 14 to 23 are allowed");
  }
  // A store without shadow needs no header: its first wblock is address space only.
  const uint64_t wblocks = (stripe_bytes >> plan.wblock_shift) + (plan.shadow ? 0 : 1);
  if (wblocks < 2 * kWblocksPerShard || wblocks > kMaxStripeWblocks) {
    return base::InvalidArgument(plan.shadow ? "filesize" : "data-size", " = ", base::ExactBytes(stripe_bytes),
                                 ": 64M to 2T are allowed");
  }
  plan.stripe_wblocks = static_cast<uint32_t>(wblocks);
  plan.shards = options.shards;
  if (plan.shards == 0) {
    plan.shards = std::clamp<int>(static_cast<int>(plan.usable_wblocks() / 16), 1, std::min(2 * loops, kMaxShards));
  }
  MEMGRID_RETURN_IF_ERROR(CheckShards(plan));
  if (plan.header_copy_bytes() > plan.wblock_bytes() / 2) {
    return base::InvalidArgument("shards = ", plan.shards, ": too many for wblocks of ", plan.wblock_bytes(), " bytes");
  }
  return plan;
}

}  // namespace memgrid::storage
