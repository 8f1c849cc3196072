#include "storage/index/index.h"

#include <algorithm>

#include "base/check.h"
#include "base/strings.h"
#include "storage/index/hash_table.h"
#include "storage/index/name_sort.h"
#include "storage/index/ordered_names.h"

namespace memgrid::storage {

struct Index::Parts {
  Parts(const HashSeed& seed, base::Qsbr& qsbr, int hash_bits) : table(seed, qsbr, hash_bits), order(table) {}

  HashTable table;
  OrderedNames order;
  uint64_t tombstones = 0;
  bool loading = false;
};

Index::Index(const HashSeed& seed, base::Qsbr& qsbr, int hash_bits)
    : parts_(std::make_unique<Parts>(seed, qsbr, hash_bits)) {}

Index::~Index() = default;

uint64_t Index::Hash(const RootName& name) const { return parts_->table.Hash(name); }

Index::Found Index::Find(const RootName& name, uint64_t hash) const {
  Found found{Certainty::kMiss, Slot()};
  switch (parts_->table.Find(name, parts_->table.Short(hash), found.slot)) {
    case HashTable::Outcome::kHit: found.certainty = Certainty::kHit; break;
    case HashTable::Outcome::kMiss: break;
    case HashTable::Outcome::kUnsure: found.certainty = Certainty::kAskOwner; break;
  }
  return found;
}

void Index::Prefetch(uint64_t hash) const { parts_->table.Prefetch(parts_->table.Short(hash)); }

Slot Index::Get(const RootName& name, uint64_t hash) const {
  const auto place = parts_->table.Locate(name, parts_->table.Short(hash));
  return place ? place.get() : Slot();
}

Slot Index::FindIf(uint64_t hash, absl::FunctionRef<bool(Slot slot)> matches) const {
  const auto place = parts_->table.LocateIf(parts_->table.Short(hash), matches);
  return place ? place.get() : Slot();
}

// The tree reads names through the table: what enters it does so before its slot is live there, what leaves it while
// the slot still is, and it is put in balance when both agree.
Slot Index::Set(const RootName& name, uint64_t hash, Slot slot) {
  MEMGRID_DCHECK(slot, "a slot without a form");
  Parts& parts = *parts_;
  const uint64_t short_hash = parts.table.Short(hash);
  const auto place = parts.table.Locate(name, short_hash);
  const Slot before = place ? place.get() : Slot();
  if (slot.live() && !before.live() && !parts.loading) parts.order.Insert(name, short_hash);
  const bool left = before.live() && !slot.live() && !parts.loading && parts.order.Remove(name, short_hash);
  if (place) {
    place.set(slot.with_tag(before.tag()));
  } else {
    parts.table.Insert(short_hash, slot);
  }
  parts.tombstones += slot.form() == Form::kTombstone;
  parts.tombstones -= before.form() == Form::kTombstone;
  if (left) parts.order.Rebalance(name);
  return before;
}

Slot Index::Erase(const RootName& name, uint64_t hash) {
  Parts& parts = *parts_;
  const uint64_t short_hash = parts.table.Short(hash);
  const auto place = parts.table.Locate(name, short_hash);
  if (!place) return Slot();
  const Slot before = place.get();
  const bool left = before.live() && !parts.loading && parts.order.Remove(name, short_hash);
  parts.table.Erase(short_hash, place);
  parts.tombstones -= before.form() == Form::kTombstone;
  if (left) parts.order.Rebalance(name);
  return before;
}

bool Index::Swing(uint64_t hash, Slot from, Slot to) {
  MEMGRID_DCHECK(from.live() == to.live(), "a move that creates or removes a name");
  const auto place = parts_->table.LocateIf(parts_->table.Short(hash), [from](Slot slot) { return slot.same(from); });
  if (!place) return false;
  place.set(to.with_tag(place.get().tag()));
  return true;
}

bool Index::List(uint32_t ns, Space space, std::string_view prefix, std::string_view after,
                 absl::FunctionRef<bool(std::string_view name, Slot slot)> visit) const {
  MEMGRID_CHECK(!parts_->loading, "a list before the index is loaded");
  const bool strict = !after.empty() && after >= prefix;
  bool stopped = false;
  parts_->order.Scan({ns, space, strict ? after : prefix}, strict, [&](const RootName& name, Slot slot) {
    if (name.ns != ns || name.space != space || name.name.substr(0, prefix.size()) != prefix) return false;
    stopped = !visit(name.name, slot);
    return !stopped;
  });
  return !stopped;
}

bool Index::Walk(uint64_t* position, size_t limit, absl::FunctionRef<void(Slot slot)> visit) const {
  return parts_->table.Walk(position, limit, visit);
}

void Index::PauseGrowth(bool paused) { parts_->table.PauseGrowth(paused); }

uint64_t Index::live() const { return parts_->table.size() - parts_->tombstones; }
uint64_t Index::tombstones() const { return parts_->tombstones; }

size_t Index::memory_bytes() const { return parts_->table.memory_bytes() + parts_->order.memory_bytes(); }

size_t Index::GrowthBytes(size_t creations) const {
  return parts_->table.GrowthBytes(creations) + parts_->order.GrowthBytes(creations);
}

void Index::Maintain() {
  static constexpr size_t kSlotsPerTurn = 256;  // a few microseconds
  parts_->table.Maintain(kSlotsPerTurn);
}

void Index::BeginLoad(uint64_t names) {
  parts_->table.Reserve(names);
  parts_->loading = true;
  parts_->order.Clear();
}

void Index::EndLoad() {
  MEMGRID_CHECK(parts_->loading, "EndLoad without BeginLoad");
  std::vector<Slot> slots;
  slots.reserve(live());
  for (uint64_t position = 0; Walk(&position, 4096, [&slots](Slot slot) {
         if (slot.live()) slots.push_back(slot);
       });) {
  }
  SortByName(slots);
  parts_->order.Build(slots);
  parts_->loading = false;
}

std::string Index::Check() const {
  uint64_t slots = 0, tombstones = 0, lost = 0, listed = 0;
  for (uint64_t position = 0; Walk(&position, 4096, [&](Slot slot) {
         const RootName name = slot.record().name();
         ++slots;
         tombstones += slot.form() == Form::kTombstone;
         lost += !Get(name, Hash(name)).same(slot);
       });) {
  }
  if (slots != parts_->table.size()) return base::StrCat(slots, " slots, not ", parts_->table.size());
  if (tombstones != parts_->tombstones) return base::StrCat(tombstones, " tombstones, not ", parts_->tombstones);
  if (lost != 0) return base::StrCat(lost, " names that are not found under their hash");
  if (parts_->loading) return "";
  parts_->order.Scan({}, false, [&listed](const RootName&, Slot) { return ++listed, true; });
  if (listed != live()) return base::StrCat("the tree has ", listed, " names, the table ", live());
  return parts_->order.Check();
}

}  // namespace memgrid::storage
