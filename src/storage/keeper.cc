#include "storage/keeper.h"

#include <algorithm>
#include <utility>

namespace memgrid::storage {
namespace {

class WblockHold : public base::Hold {
 public:
  WblockHold(Wblocks& wblocks, absl::InlinedVector<uint32_t, 4> held) : wblocks_(wblocks), held_(std::move(held)) {
    for (uint32_t wblock : held_) wblocks_.pins(wblock).fetch_add(1, std::memory_order_relaxed);
  }
  ~WblockHold() override {
    for (uint32_t wblock : held_) wblocks_.pins(wblock).fetch_sub(1, std::memory_order_release);
  }
  bool Wanted() const override {
    return std::any_of(held_.begin(), held_.end(), [this](uint32_t wblock) {
      return wblocks_.wanted(wblock).load(std::memory_order_relaxed);
    });
  }

 private:
  Wblocks& wblocks_;
  const absl::InlinedVector<uint32_t, 4> held_;
};

}  // namespace

std::unique_ptr<base::Hold> WblockKeeper::Keep(const absl::InlinedVector<std::string_view, 4>& slices) {
  absl::InlinedVector<uint32_t, 4> held;
  for (std::string_view slice : slices) {
    if (!wblocks_.Contains(slice.data())) continue;  // owned by the payload, or static
    const uint32_t wblock = wblocks_.Of(slice.data());
    if (std::find(held.begin(), held.end(), wblock) == held.end()) held.push_back(wblock);
  }
  return std::make_unique<WblockHold>(wblocks_, std::move(held));
}

}  // namespace memgrid::storage
