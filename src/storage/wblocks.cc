#include "storage/wblocks.h"

#include <utility>

namespace memgrid::storage {

absl::StatusOr<std::unique_ptr<Wblocks>> Wblocks::Create(const Geometry& geometry) {
  auto memory = base::ReservedMemory::Reserve(uint64_t{geometry.all_wblocks()} << geometry.wblock_shift);
  if (!memory.ok()) return memory.status();
  return std::unique_ptr<Wblocks>(new Wblocks(geometry, *std::move(memory)));
}

Wblocks::Wblocks(const Geometry& geometry, base::ReservedMemory memory)
    : geometry_(geometry),
      shift_(geometry.wblock_shift),
      mask_(geometry.wblock_bytes() - 1),
      memory_(std::move(memory)),
      states_(std::make_unique<Wblock[]>(geometry.all_wblocks())),
      shared_(std::make_unique<Shared[]>(geometry.all_wblocks())) {}

void Wblocks::DiscardTail(uint32_t wblock, uint32_t from) {
  const uint64_t page = 4096;
  const uint64_t start = (from + page - 1) / page * page;
  if (start >= geometry_.wblock_bytes()) return;
  memory_.Discard((uint64_t{wblock} << shift_) + start, geometry_.wblock_bytes() - start);
}

}  // namespace memgrid::storage
