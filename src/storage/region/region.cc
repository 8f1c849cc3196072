#include "storage/region/region.h"

#include <algorithm>

#include "base/check.h"
#include "storage/region/internal.h"

namespace memgrid::storage {

// A publish under way: from its making to Done, readers of the touched leaves start again.
class Region::Swing {
 public:
  Swing(Region& region, const RegionChange& change) : region_(region) {
    const PartRecord* const hole = HoleOf(change);
    const size_t extents = change.records.size() - (hole != nullptr);
    if (hole != nullptr) cut_ = (hole->offset + kPageBytes - 1) / kPageBytes;
    if (hole != nullptr || (extents > 0 && !AllThere(change, extents))) Reshape();
    if (extents > 0) {
      AddLeaves(change.records[0].offset / kPageBytes, LastPage(change.records[extents - 1]));
    }
    // The leaf that the hole begins in, if it begins inside one.
    if (cut_ != kNoCut && cut_ % kLeafPages != 0) {
      LeafNode* const leaf = region_.table_.Find(cut_ / kLeafPages);
      if (leaf != nullptr && (leaves_.empty() || leaves_.back() != leaf)) leaves_.push_back(leaf);
    }
    for (LeafNode* leaf : leaves_) leaf->version.fetch_add(1, std::memory_order_relaxed);
  }

  void Pages(const PartRecord& part, const char* record) {
    const char* bytes = record + kPartHeaderBytes;
    const size_t pages = (PartRecordBytes(part)) / kPageBytes;
    for (size_t i = 0; i < pages; ++i) {
      Replace(part.offset / kPageBytes + i, PageEntry::Page(bytes + i * kPageBytes, i));
    }
  }

  void Patch(const PartRecord& part, const char* record) {
    const uint64_t page = part.offset / kPageBytes;
    region_.AddPatch(LeafOf(page), page, RecordView(record));
  }

  // Empties the pages behind the hole's beginning.
  void Cut() {
    const bool inside = !leaves_.empty() && leaves_.back()->first == cut_ / kLeafPages;
    if (inside && cut_ % kLeafPages != 0) {
      for (uint64_t page = cut_; page % kLeafPages != 0; ++page) Replace(page, PageEntry());
    }
    region_.table_.CutFrom((cut_ + kLeafPages - 1) / kLeafPages, detached_);
  }

  void Done() {
    for (LeafNode* leaf : leaves_) {
      leaf->version.store(leaf->version.load(std::memory_order_relaxed) + 1,
                          std::memory_order_release);
    }
    if (reshaped_) {
      region_.shape_.store(region_.shape_.load(std::memory_order_relaxed) + 1,
                           std::memory_order_release);
    }
  }

  absl::InlinedVector<PageEntry, 16>& replaced() { return replaced_; }
  std::vector<TableNode*>& detached() { return detached_; }

 private:
  static constexpr uint64_t kNoCut = ~uint64_t{0};

  static const PartRecord* HoleOf(const RegionChange& change) {
    return !change.records.empty() && change.records.back().kind == Kind::kHole
               ? &change.records.back()
               : nullptr;
  }
  static uint64_t LastPage(const PartRecord& part) {
    return (part.offset + PartRecordBytes(part) - 1) / kPageBytes;
  }

  bool AllThere(const RegionChange& change, size_t extents) const {
    const uint64_t first = change.records[0].offset / kPageBytes / kLeafPages;
    const uint64_t last = LastPage(change.records[extents - 1]) / kLeafPages;
    for (uint64_t i = first; i <= last; ++i) {
      if (region_.table_.Find(i) == nullptr) return false;
    }
    return true;
  }

  // Readers see this before any link that changes: those stores are releases.
  void Reshape() {
    reshaped_ = true;
    region_.shape_.store(region_.shape_.load(std::memory_order_relaxed) + 1,
                         std::memory_order_relaxed);
  }

  void AddLeaves(uint64_t first_page, uint64_t last_page) {
    for (uint64_t i = first_page / kLeafPages; i <= last_page / kLeafPages; ++i) {
      leaves_.push_back(region_.table_.Ensure(i));
    }
  }

  LeafNode& LeafOf(uint64_t page) {
    return *leaves_[page / kLeafPages - leaves_.front()->first];
  }

  void Replace(uint64_t page, PageEntry to) {
    LeafNode& leaf = LeafOf(page);
    const PageEntry old = leaf.Get(page);
    if (!old.none()) replaced_.push_back(old);
    region_.SetEntry(leaf, page, to);
  }

  Region& region_;
  uint64_t cut_ = kNoCut;  // first page that the hole covers whole
  bool reshaped_ = false;
  absl::InlinedVector<LeafNode*, 10> leaves_;  // neighbours, ascending
  absl::InlinedVector<PageEntry, 16> replaced_;
  std::vector<TableNode*> detached_;
};

Region::Region(const RegionMeta& meta, TableMemory& memory, DeathSink& deaths)
    : id_(meta.id),
      maximum_(meta.maximum),
      meta_seq_(meta.version),
      deaths_(deaths),
      table_(memory) {
  StoreMeta(meta);
}

Region::~Region() {
  const auto free_overlays = [this](LeafNode& leaf) {
    for (uint64_t i = 0; i < kLeafPages; ++i) {
      const PageEntry entry = leaf.Get(i);
      if (entry.form() != PageEntry::Form::kPatched) continue;
      table_.memory().Free(entry.overlay(), Overlay::BytesFor(entry.overlay()->capacity));
    }
  };
  table_.ForEachLeaf(free_overlays);
  if (rare_ == nullptr) return;
  for (const Debris& debris : rare_->debris) {
    RegionTable::ForEachLeaf(debris.node, free_overlays);
    table_.FreeTree(debris.node);
  }
}

void Region::Publish(const RegionChange& change, std::span<const char* const> addresses,
                     uint64_t seq) {
  MEMGRID_CHECK(addresses.size() == change.records.size(), "addresses of ", change.records.size(),
                " records: ", addresses.size());
  if (change.records.empty() && !change.meta_record) return;
  const bool cut = !addresses.empty() && change.records.back().kind == Kind::kHole;
  Swing swing(*this, change);
  for (size_t i = 0; i < addresses.size() - cut; ++i) {
    const PartRecord& part = change.records[i];
    if (part.flags & kPatch) {
      swing.Patch(part, addresses[i]);
    } else {
      swing.Pages(part, addresses[i]);
    }
  }
  if (cut) swing.Cut();
  RegionMeta meta = change.after;
  meta.version = seq;
  StoreMeta(meta);
  swing.Done();

  {
    Deaths deaths(&deaths_, seq);
    for (const PageEntry entry : swing.replaced()) Kill(entry, deaths);
    if (cut) AddHole(change.records.back().offset, addresses.back(), deaths);
  }
  for (TableNode* node : swing.detached()) rare().debris.push_back({node, seq});
  if (cut) Sweep(kSweepAtOnce);
}

RegionMeta Region::Describe() const {
  RegionMeta meta;
  meta.id = id_;
  meta.maximum = maximum_;
  while (true) {
    const uint64_t turn = meta_turn_.load(std::memory_order_acquire);
    const MetaCopy& copy = meta_[turn % 2];
    meta.size = copy.size.load(std::memory_order_acquire);
    meta.data_length = copy.data_length.load(std::memory_order_acquire);
    meta.version = copy.version.load(std::memory_order_acquire);
    // Another turn: the owner has published twice meanwhile. It cannot go on like that for ever.
    if (meta_turn_.load(std::memory_order_relaxed) == turn) return meta;
  }
}

void Region::StoreMeta(const RegionMeta& meta) {
  const uint64_t turn = meta_turn_.load(std::memory_order_relaxed) + 1;
  MetaCopy& copy = meta_[turn % 2];
  copy.size.store(meta.size, std::memory_order_release);
  copy.data_length.store(meta.data_length, std::memory_order_release);
  copy.version.store(meta.version, std::memory_order_release);
  meta_turn_.store(turn, std::memory_order_release);
}

Region::Rare& Region::rare() {
  if (rare_ == nullptr) rare_ = std::make_unique<Rare>();
  return *rare_;
}

PageEntry Region::EntryOf(uint64_t page) const {
  const LeafNode* const leaf = table_.Find(page / kLeafPages);
  return leaf == nullptr ? PageEntry() : leaf->Get(page);
}

void Region::SetEntry(LeafNode& leaf, uint64_t page, PageEntry to) {
  touched_pages_ += leaf.Get(page).none();
  touched_pages_ -= to.none();
  leaf.Set(page, to);
}

void Region::AddPatch(LeafNode& leaf, uint64_t page, RecordView stored) {
  const PartView part(stored);
  const PageEntry entry = leaf.Get(page);
  Overlay* overlay = entry.form() == PageEntry::Form::kPatched ? entry.overlay() : nullptr;
  if (overlay == nullptr || overlay->count.load(std::memory_order_relaxed) == overlay->capacity) {
    Overlay* const old = overlay;
    overlay = NewOverlay(old, old == nullptr ? entry : PageEntry());
    SetEntry(leaf, page, PageEntry::Patched(overlay));
    if (old != nullptr) RetireOverlay(old);
  }
  const uint32_t count = overlay->count.load(std::memory_order_relaxed);
  Overlay::Patch& patch = overlay->patches()[count];
  patch.offset = static_cast<uint16_t>(part.offset() % kPageBytes);
  patch.length = static_cast<uint16_t>(part.bytes().size());
  patch.bytes.store(part.bytes().data(), std::memory_order_release);
  overlay->patch_bytes += patch.length;
  overlay->count.store(count + 1, std::memory_order_release);
}

// A larger copy of `old`, or if that is null an empty one over `base`.
Overlay* Region::NewOverlay(const Overlay* old, PageEntry base) {
  const uint32_t capacity = old == nullptr ? Overlay::kFirstCapacity : old->capacity * 4;
  const size_t bytes = Overlay::BytesFor(capacity);
  auto* const overlay = new (table_.memory().Allocate(bytes)) Overlay();
  overlay_bytes_ += bytes;
  overlay->capacity = capacity;
  for (uint32_t i = 0; i < capacity; ++i) new (&overlay->patches()[i]) Overlay::Patch();
  if (old == nullptr) {
    overlay->base.store(base.bits(), std::memory_order_relaxed);
    return overlay;
  }
  overlay->base.store(old->base.load(std::memory_order_relaxed), std::memory_order_relaxed);
  overlay->patch_bytes = old->patch_bytes;
  const uint32_t count = old->count.load(std::memory_order_relaxed);
  for (uint32_t i = 0; i < count; ++i) {
    const Overlay::Patch& from = old->patches()[i];
    Overlay::Patch& to = overlay->patches()[i];
    to.offset = from.offset;
    to.length = from.length;
    to.bytes.store(from.bytes.load(std::memory_order_relaxed), std::memory_order_relaxed);
  }
  overlay->count.store(count, std::memory_order_relaxed);
  return overlay;
}

void Region::RetireOverlay(Overlay* overlay) {
  const size_t bytes = Overlay::BytesFor(overlay->capacity);
  overlay_bytes_ -= bytes;
  table_.memory().Retire(overlay, bytes);
}

// All that `entry` pointed to is dead.
void Region::Kill(PageEntry entry, Deaths& deaths) {
  if (entry.form() == PageEntry::Form::kPage) deaths.AddPage(entry);
  if (entry.form() != PageEntry::Form::kPatched) return;
  Overlay* const overlay = entry.overlay();
  const PageEntry base(overlay->base.load(std::memory_order_relaxed));
  if (!base.none()) deaths.AddPage(base);
  const uint32_t count = overlay->count.load(std::memory_order_relaxed);
  for (uint32_t i = 0; i < count; ++i) deaths.AddWhole(overlay->patches()[i].record());
  RetireOverlay(overlay);
}

// A hole covers every older one that begins behind it.
void Region::AddHole(uint64_t offset, const char* stored, Deaths& deaths) {
  std::vector<Hole>& holes = rare().holes;
  while (!holes.empty() && holes.back().offset >= offset) {
    deaths.AddWhole(holes.back().record);
    holes.pop_back();
  }
  holes.push_back({offset, stored});
}

Region::Hole* Region::FindHole(RecordView stored) const {
  if (rare_ == nullptr) return nullptr;
  const uint64_t offset = PartView(stored).offset();
  const auto at = std::lower_bound(rare_->holes.begin(), rare_->holes.end(), offset,
                                   [](const Hole& hole, uint64_t to) { return hole.offset < to; });
  return at != rare_->holes.end() && at->record == stored.address() ? &*at : nullptr;
}

void Region::Free(uint64_t by) {
  shape_.fetch_add(1, std::memory_order_release);
  std::vector<TableNode*> cut;
  table_.CutFrom(0, cut);
  for (TableNode* node : cut) rare().debris.push_back({node, by});
  if (rare_ == nullptr) return;
  Deaths deaths(&deaths_, by);
  for (const Hole& hole : rare_->holes) deaths.AddWhole(hole.record);
  rare_->holes.clear();
}

bool Region::Sweep(size_t limit) {
  if (rare_ == nullptr) return true;
  size_t budget = std::max<size_t>(limit, 1);
  while (!rare_->debris.empty()) {
    const Debris& debris = rare_->debris.back();
    Deaths deaths(&deaths_, debris.by);
    if (!SweepNode(debris.node, budget, deaths)) return false;
    rare_->debris.pop_back();
  }
  return true;
}

// Takes a subtree apart that was unlinked. True: nothing is left; false: `budget` is used up.
bool Region::SweepNode(TableNode* node, size_t& budget, Deaths& deaths) {
  if (budget == 0) return false;
  if (node->level == 0) {
    auto* const leaf = static_cast<LeafNode*>(node);
    for (uint64_t i = 0; i < kLeafPages; ++i) {
      const PageEntry entry = leaf->Get(i);
      touched_pages_ -= !entry.none();
      Kill(entry, deaths);
    }
    budget -= std::min<size_t>(budget, kLeafPages);
  } else {
    for (auto& child : static_cast<InnerNode*>(node)->child) {
      TableNode* const below = child.load(std::memory_order_relaxed);
      if (below == nullptr) continue;
      if (!SweepNode(below, budget, deaths)) return false;
      child.store(nullptr, std::memory_order_relaxed);
    }
  }
  table_.Retire(node);
  return true;
}

size_t Region::memory_bytes() const {
  const size_t rare = rare_ == nullptr ? 0
                                       : sizeof(Rare) + rare_->holes.capacity() * sizeof(Hole) +
                                             rare_->debris.capacity() * sizeof(Debris);
  return table_.bytes() + overlay_bytes_ + rare;
}

}  // namespace memgrid::storage
