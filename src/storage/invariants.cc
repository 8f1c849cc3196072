#include "storage/invariants.h"

#include <map>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "base/check.h"
#include "storage/recovery/wblock_scan.h"
#include "storage/store_impl.h"

namespace memgrid::storage {
namespace {

class Checker {
 public:
  explicit Checker(ShardImpl& shard) : shard_(shard), wblocks_(*shard.shared().wblocks) {}

  void Run() {
    CheckNumbers();
    CheckWblocks();
    CheckSlots();
    CheckLive();
    CheckNames();
  }

 private:
  void CheckNumbers() {
    const uint64_t recorded = shard_.recorded(), persisted = shard_.persisted(), applied = shard_.applied();
    MEMGRID_CHECK(recorded <= persisted && persisted <= applied, "shard ", shard_.number(), ": recorded ", recorded, " persisted ",
                  persisted, " applied ", applied);
  }

  void CheckWblocks() {
    std::map<uint32_t, int> seen;
    for (const uint32_t number : shard_.accounts().owned()) {
      const Wblock& wblock = wblocks_[number];
      MEMGRID_CHECK(++seen[number] == 1, "wblock ", number, " is owned twice");
      MEMGRID_CHECK(wblock.shard.load() == shard_.number() && wblock.use.load() != WblockUse::kFree, "wblock ", number);
      MEMGRID_CHECK(wblock.durable <= wblock.filled && wblock.live.load() <= wblock.filled, "wblock ", number);
    }
  }

  void Reach(RecordView record, size_t bytes) {
    MEMGRID_CHECK(wblocks_.Contains(record.address()), "a record outside of all wblocks");
    const uint32_t number = wblocks_.Of(record.address());
    const Wblock& wblock = wblocks_[number];
    const uint32_t offset = wblocks_.OffsetOf(record.address());
    MEMGRID_CHECK(wblock.shard.load() == shard_.number(), "a record in a wblock of another shard: ", number);
    MEMGRID_CHECK(offset < wblock.filled && CheckRecord(record.address(), wblock.filled - offset, wblock.incarnation, offset) ==
                                                RecordCheck::kGood,
                  "wblock ", number, " offset ", offset, ": the record does not pass");
    MEMGRID_CHECK(record.seq() <= shard_.applied(), "a record of a command that was not applied");
    reached_[number] += bytes;
  }

  void CheckSlots() {
    uint64_t position = 0;
    const auto visit = [&](Slot slot) {
      if (slot.form() == Form::kLost) {
        exact_ = false;  // its body does not pass, by definition
        return;
      }
      const RecordView record = slot.record();
      Reach(record, record.length());
      const Slot found = shard_.index().Get(record.name(), shard_.Hash(record.name()));
      MEMGRID_CHECK(found.same(slot), "a slot that its name does not lead to");
      if (slot.form() == Form::kNode) CheckNode(slot, record);
    };
    while (shard_.index().Walk(&position, 4096, visit)) {
    }
  }

  void CheckNode(Slot slot, RecordView root) {
    if (root.kind() == Kind::kRegionMeta) {
      exact_ = false;  // the table knows its parts; Region's own tests check them
      return;
    }
    const auto& node = *static_cast<const ValueNode*>(slot.node());
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < node.count(); ++i) {
      const RecordView chunk = node.chunk(i);
      MEMGRID_CHECK(chunk.address() != nullptr && chunk.seq() == root.seq(), "chunk ", i, " of seq ", root.seq());
      Reach(chunk, chunk.length());
      bytes += chunk.body().size() - kChunkPrefix;
    }
    MEMGRID_CHECK(bytes == node.total(), "a value of ", node.total(), " bytes has chunks of ", bytes);
  }

  void CheckLive() {
    for (const uint32_t number : shard_.accounts().owned()) {
      const uint64_t live = wblocks_[number].live.load();
      const uint64_t reached = reached_[number];
      MEMGRID_CHECK(exact_ && !shard_.releasing() ? live == reached : live >= reached, "wblock ", number, ": ", live,
                    " bytes are live, ", reached, " can be reached");
    }
  }

  void CheckNames() {
    std::map<std::pair<uint32_t, Space>, std::map<std::string, int>> names;
    uint64_t position = 0;
    const auto visit = [&](Slot slot) {
      if (slot.live()) names[{slot.record().ns(), slot.record().space()}][std::string(slot.record().key())] = 1;
    };
    while (shard_.index().Walk(&position, 4096, visit)) {
    }
    for (const auto& [where, wanted] : names) {
      auto next = wanted.begin();
      shard_.index().List(where.first, where.second, {}, {}, [&](std::string_view name, Slot) {
        MEMGRID_CHECK(next != wanted.end() && next->first == name, "the list has ", std::string(name), " out of place");
        ++next;
        return true;
      });
      MEMGRID_CHECK(next == wanted.end(), "the list lacks ", next == wanted.end() ? "" : next->first);
      shard_.List(where.first, where.second, {}, {}, [&](std::string_view name) {
        const RootName root{where.first, where.second, name};
        const RecordView record = shard_.index().Get(root, shard_.Hash(root)).record();
        MEMGRID_CHECK(record.expiry_ms() == 0 || record.expiry_ms() > shard_.clock_ms(), "an expired name is listed");
        return true;
      });
    }
  }

  ShardImpl& shard_;
  Wblocks& wblocks_;
  absl::flat_hash_map<uint32_t, uint64_t> reached_;
  bool exact_ = true;
};

}  // namespace

void CheckInvariants(Store& store) {
  auto& parts = static_cast<StoreImpl&>(store);
  for (int i = 0; i < store.shards(); ++i) {
    ShardImpl& shard = parts.shard_impl(i);
    if (shard.owner().InLoop() && !shard.stats().damaged) Checker(shard).Run();
  }
}

}  // namespace memgrid::storage
