// What defrag and recovery need: which bytes of a record are live, and where they are now.

#include <algorithm>
#include <new>

#include "base/check.h"
#include "storage/region/internal.h"

namespace memgrid::storage {
namespace {

bool IsPatch(RecordView stored) { return stored.flags() & kPatch; }

// Entry of page number `i` of an extent.
PageEntry PageOf(RecordView stored, size_t i) {
  return PageEntry::Page(stored.address() + kPartHeaderBytes + i * kPageBytes, i);
}

// Seq of the newest part of a page that is there.
uint64_t SeqOf(PageEntry entry) {
  return RecordView(entry.form() == PageEntry::Form::kPage ? entry.record()
                                                           : entry.overlay()->newest().record())
      .seq();
}

}  // namespace

std::atomic<uint64_t>* Region::FindPage(uint64_t page, PageEntry expected) const {
  LeafNode* const leaf = table_.Find(page / kLeafPages);
  if (leaf == nullptr) return nullptr;
  std::atomic<uint64_t>* place = &leaf->entry[page % kLeafPages];
  const PageEntry entry(place->load(std::memory_order_relaxed));
  if (entry.form() == PageEntry::Form::kPatched) place = &entry.overlay()->base;
  return place->load(std::memory_order_relaxed) == expected.bits() ? place : nullptr;
}

Overlay::Patch* Region::FindPatch(RecordView stored) const {
  const PartView part(stored);
  const PageEntry entry = EntryOf(part.offset() / kPageBytes);
  if (entry.form() != PageEntry::Form::kPatched) return nullptr;
  Overlay& overlay = *entry.overlay();
  const uint32_t count = overlay.count.load(std::memory_order_relaxed);
  for (uint32_t i = 0; i < count; ++i) {
    if (overlay.patches()[i].record() == stored.address()) return &overlay.patches()[i];
  }
  return nullptr;
}

void Region::LiveParts(
    RecordView stored,
    absl::FunctionRef<void(uint64_t offset, std::string_view bytes)> run) const {
  const PartView part(stored);
  if (stored.kind() == Kind::kHole) {
    if (FindHole(stored) != nullptr) run(part.offset(), {});
    return;
  }
  if (IsPatch(stored)) {
    if (FindPatch(stored) != nullptr) run(part.offset(), part.bytes());
    return;
  }
  const size_t pages = part.bytes().size() / kPageBytes;
  const uint64_t first = part.offset() / kPageBytes;
  for (size_t i = 0; i < pages;) {
    const size_t from = i;
    while (i < pages && FindPage(first + i, PageOf(stored, i)) != nullptr) ++i;
    if (i > from) {
      run((first + from) * kPageBytes,
          part.bytes().substr(from * kPageBytes, (i - from) * kPageBytes));
    } else {
      ++i;
    }
  }
}

void Region::Move(RecordView stored, const char* copy) {
  const RecordView to(copy);
  Deaths deaths(&deaths_, 0);
  if (stored.kind() == Kind::kHole) {
    Hole* const hole = FindHole(stored);
    deaths.AddWhole(hole != nullptr ? stored.address() : copy);
    if (hole != nullptr) hole->record = copy;
    return;
  }
  if (IsPatch(stored)) {
    Overlay::Patch* const patch = FindPatch(stored);
    deaths.AddWhole(patch != nullptr ? stored.address() : copy);
    if (patch != nullptr) {
      patch->bytes.store(copy + kPartHeaderBytes, std::memory_order_release);
    }
    return;
  }
  const PartView run(to);
  const size_t skip = (run.offset() - PartView(stored).offset()) / kPageBytes;
  const size_t pages = run.bytes().size() / kPageBytes;
  // Readers need not notice: the bytes are the same, and the old ones outlive their turn.
  for (size_t i = 0; i < pages; ++i) {
    const PageEntry old = PageOf(stored, skip + i);
    std::atomic<uint64_t>* const place = FindPage(run.offset() / kPageBytes + i, old);
    if (place != nullptr) place->store(PageOf(to, i).bits(), std::memory_order_release);
    deaths.AddPage(place != nullptr ? old : PageOf(to, i));
  }
}

void Region::DropHole(RecordView stored) {
  Hole* const hole = FindHole(stored);
  if (hole == nullptr) return;
  Deaths(&deaths_, 0).AddWhole(stored.address());
  rare_->holes.erase(rare_->holes.begin() + (hole - rare_->holes.data()));
}

void Region::PublishFold(const RegionChange& change, const char* address, uint64_t seq) {
  const uint64_t page = change.records[0].offset / kPageBytes;
  LeafNode* const leaf = table_.Find(page / kLeafPages);
  MEMGRID_CHECK(leaf != nullptr, "folding page ", page, ", which is not there");
  const PageEntry old = leaf->Get(page);
  SetEntry(*leaf, page, PageEntry::Page(address + kPartHeaderBytes, 0));
  Deaths deaths(&deaths_, seq);
  Kill(old, deaths);
}

size_t Region::LiveBytes(RecordView part) const {
  if (part.kind() == Kind::kHole) return FindHole(part) != nullptr ? part.length() : 0;
  if (IsPatch(part)) return FindPatch(part) != nullptr ? part.length() : 0;
  size_t live = 0;
  const uint64_t first = PartView(part).offset() / kPageBytes;
  const size_t pages = PartView(part).bytes().size() / kPageBytes;
  for (size_t i = 0; i < pages; ++i) {
    if (FindPage(first + i, PageOf(part, i)) == nullptr) continue;
    live += kPageBytes + (i == 0 ? kPartHeaderBytes : 0);
  }
  return live;
}

void Region::Load(RecordView part) {
  RegionMeta meta = Describe();
  if (part.seq() > meta_seq_ && part.kind() == Kind::kExtent) {
    const uint64_t end = PartView(part).offset() + PartView(part).bytes().size();
    meta.size = std::max(meta.size, end);
    meta.data_length = std::max(meta.data_length, end);
  }
  meta.version = std::max(meta.version, part.seq());
  StoreMeta(meta);
  if (part.kind() == Kind::kHole) {
    LoadHole(part);
  } else if (IsPatch(part)) {
    LoadPatch(part);
  } else {
    LoadPages(part);
  }
}

void Region::LoadPages(RecordView stored) {
  Deaths nobody(nullptr, 0);
  const uint64_t first = PartView(stored).offset() / kPageBytes;
  const size_t pages = PartView(stored).bytes().size() / kPageBytes;
  for (size_t i = 0; i < pages; ++i) {
    LeafNode* const leaf = table_.Ensure((first + i) / kLeafPages);
    const PageEntry old = leaf->Get(first + i);
    SetEntry(*leaf, first + i, PageOf(stored, i));
    Kill(old, nobody);
  }
}

// Between two whole pages there may be more patches than writes allow: defrag may have folded the
// page in a record that the crash lost, or that is gone since a newer page made it needless.
void Region::LoadPatch(RecordView stored) {
  const uint64_t page = PartView(stored).offset() / kPageBytes;
  LeafNode* const leaf = table_.Ensure(page / kLeafPages);
  const PageEntry entry = leaf->Get(page);
  if (entry.form() == PageEntry::Form::kPatched && SeqOf(entry) == stored.seq()) {
    // A copy of the one before: a command has one patch for a page.
    Overlay& overlay = *entry.overlay();
    overlay.patches()[overlay.count.load(std::memory_order_relaxed) - 1].bytes.store(
        PartView(stored).bytes().data(), std::memory_order_relaxed);
    return;
  }
  AddPatch(*leaf, page, stored);
}

// What is older than the hole is gone. The page that it cuts through was written whole by the same
// command; if that page is not there, something newer replaces all of it.
void Region::LoadHole(RecordView stored) {
  Deaths nobody(nullptr, 0);
  const uint64_t offset = PartView(stored).offset();
  const auto drop = [&](LeafNode& leaf, uint64_t page) {
    const PageEntry old = leaf.Get(page);
    if (old.none() || SeqOf(old) == stored.seq()) return;
    SetEntry(leaf, page, PageEntry());
    Kill(old, nobody);
  };
  uint64_t page = offset / kPageBytes;
  if (LeafNode* const leaf = table_.Find(page / kLeafPages); leaf != nullptr) {
    do {
      drop(*leaf, page++);
    } while (page % kLeafPages != 0);
  }
  std::vector<TableNode*> cut;
  table_.CutFrom(offset / kPageBytes / kLeafPages + 1, cut);
  size_t budget = ~size_t{0};
  for (TableNode* node : cut) SweepNode(node, budget, nobody);
  AddHole(offset, stored.address(), nobody);
}

}  // namespace memgrid::storage
