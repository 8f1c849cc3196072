// Holds on wblocks for replies that do not leave within their turn (base/payload.h).

#pragma once

#include <memory>

#include "base/payload.h"
#include "storage/wblocks.h"

namespace memgrid::storage {

// Counts holds per wblock; reclaim looks at the count only after all loops have ended a turn, so a hold taken in the turn
// in which the bytes were handed out is always seen. Thread-safe.
class WblockKeeper : public base::Keeper {
 public:
  // `wblocks` outlives the keeper and all its holds.
  explicit WblockKeeper(Wblocks& wblocks) : wblocks_(wblocks) {}

  std::unique_ptr<base::Hold> Keep(const absl::InlinedVector<std::string_view, 4>& slices) override;

 private:
  Wblocks& wblocks_;
};

}  // namespace memgrid::storage
