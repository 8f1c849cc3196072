// Planning: which records a write or a new size needs.

#include <algorithm>

#include "base/check.h"
#include "storage/region/internal.h"

namespace memgrid::storage {
namespace {

size_t PagesPerRecord(size_t max_record) {
  MEMGRID_CHECK(max_record >= kPartHeaderBytes + kPageBytes, "no page fits records of ",
                max_record, " bytes");
  return (max_record - kPartHeaderBytes) / kPageBytes;
}

}  // namespace

size_t PartRecord::length() const {
  return kind == Kind::kHole ? kRecordHeaderBytes + kHoleBodyBytes
                             : PartLength(PartRecordBytes(*this));
}

void Region::Bound(uint64_t offset, uint64_t length, size_t max_record, size_t* records,
                   uint64_t* bytes) {
  *records = 0;
  *bytes = 0;
  if (length == 0) return;
  if (offset > kMaxRegionBytes || length > kMaxRegionBytes - offset) {
    *records = ~size_t{0};
    *bytes = ~uint64_t{0};
    return;
  }
  // Either all pages are written whole, or the first or last is a smaller patch in its own record.
  const uint64_t pages = (offset + length - 1) / kPageBytes - offset / kPageBytes + 1;
  *records = pages / PagesPerRecord(max_record) + 3;
  *bytes = pages * kPageBytes + *records * kPartHeaderBytes;
}

RegionChange Region::PlanWrite(uint64_t offset, std::string_view data, size_t max_record) const {
  RegionChange change;
  change.after = Describe();
  if (data.empty()) return change;
  const uint64_t end = offset + data.size();
  MEMGRID_CHECK(end > offset && end <= maximum_, "region write up to ", end, " of ", maximum_);
  change.after.size = std::max(change.after.size, end);
  change.after.data_length = std::max(change.after.data_length, end);

  // Pages [from, until) are written whole; what is left at either side is a patch.
  const uint64_t first = offset / kPageBytes;
  const uint64_t last = (end - 1) / kPageBytes;
  const size_t head = std::min<uint64_t>(data.size(), (first + 1) * kPageBytes - offset);
  const size_t tail = end - last * kPageBytes;  // of the last page; first != last
  const bool patch_head = !MustFold(first, head);
  const bool patch_tail = first != last && !MustFold(last, tail);
  const uint64_t from = first + patch_head;
  const uint64_t until = last + 1 - patch_tail;

  if (patch_head) PlanPatch(offset, data.substr(0, head), change);
  if (from < until) PlanPages(from, until, offset, data, max_record, change);
  if (patch_tail) PlanPatch(last * kPageBytes, data.substr(data.size() - tail), change);

  // Recovery takes the ends of parts for the end of the data. A page that was folded ends later.
  const PartRecord& newest = change.records.back();
  change.meta_record = newest.offset + PartRecordBytes(newest) > change.after.data_length;
  return change;
}

// Whether a write of `part` bytes in the page goes into a whole page.
bool Region::MustFold(uint64_t page, size_t part) const {
  if (part >= Overlay::kMaxPatchBytes) return true;
  const PageEntry entry = EntryOf(page);
  if (entry.form() != PageEntry::Form::kPatched) return false;
  const Overlay& overlay = *entry.overlay();
  return overlay.count.load(std::memory_order_relaxed) >= Overlay::kMaxPatches ||
         overlay.patch_bytes + part > Overlay::kMaxPatchBytes;
}

void Region::PlanPatch(uint64_t offset, std::string_view data, RegionChange& change) const {
  PartRecord& part = change.records.emplace_back();
  part.flags = kPatch;
  part.offset = offset;
  part.bytes.push_back(data);
}

// Extents for pages [first, until): `data`, which belongs at `offset`, and what is there now where
// they reach further than that.
void Region::PlanPages(uint64_t first, uint64_t until, uint64_t offset, std::string_view data,
                       size_t max_record, RegionChange& change) const {
  const uint64_t data_end = offset + data.size();
  const uint64_t step = PagesPerRecord(max_record);
  for (uint64_t page = first; page < until; page += step) {
    const uint64_t next = std::min(page + step, until);
    const uint64_t begin = page * kPageBytes;
    const uint64_t end = next * kPageBytes;
    PartRecord& part = change.records.emplace_back();
    part.offset = begin;
    const uint64_t from = std::max(begin, offset);
    const uint64_t to = std::min(end, data_end);
    if (begin < from) part.bytes.push_back(PageBytes(page, 0, from - begin, change));
    part.bytes.push_back(data.substr(from - offset, to - from));
    if (to < end) {
      part.bytes.push_back(PageBytes(next - 1, to - (next - 1) * kPageBytes, kPageBytes, change));
    }
  }
}

// Bytes [begin, end) of a page as they are now; lives as long as the change and this turn.
std::string_view Region::PageBytes(uint64_t page, size_t begin, size_t end,
                                   RegionChange& change) const {
  const PageEntry entry = EntryOf(page);
  if (entry.none()) return {kZeros, end - begin};
  if (entry.form() == PageEntry::Form::kPage) return {entry.bytes() + begin, end - begin};
  const Overlay& overlay = *entry.overlay();
  change.scratch.push_back(std::make_unique_for_overwrite<char[]>(end - begin));
  char* const to = change.scratch.back().get();
  Assemble(overlay, overlay.count.load(std::memory_order_relaxed), begin, end, to);
  return {to, end - begin};
}

RegionChange Region::PlanResize(uint64_t new_size) const {
  MEMGRID_CHECK(new_size <= maximum_, "region size ", new_size, " of ", maximum_);
  RegionChange change;
  change.after = Describe();
  change.after.size = new_size;
  change.meta_record = true;
  // Behind the data length nothing was ever written since it was cut: there is nothing to lose.
  if (new_size >= change.after.data_length) return change;
  change.after.data_length = new_size;

  const uint64_t page = new_size / kPageBytes;
  const size_t kept = new_size % kPageBytes;
  if (kept > 0 && !EntryOf(page).none()) {
    PartRecord& cut = change.records.emplace_back();
    cut.offset = page * kPageBytes;
    cut.bytes.push_back(PageBytes(page, 0, kept, change));
    cut.bytes.push_back({kZeros, kPageBytes - kept});
  }
  PartRecord& hole = change.records.emplace_back();
  hole.kind = Kind::kHole;
  hole.offset = new_size;
  hole.hole_length = kMaxRegionBytes - new_size;
  return change;
}

bool Region::PlanFold(uint64_t page_offset, uint64_t recorded, RegionChange* change,
                      uint64_t* seq) const {
  const PageEntry entry = EntryOf(page_offset / kPageBytes);
  if (entry.form() != PageEntry::Form::kPatched) return false;
  *change = RegionChange();
  change->after = Describe();
  const uint64_t page = page_offset / kPageBytes;
  if ((page + 1) * kPageBytes > change->after.data_length) return false;
  *seq = RecordView(entry.overlay()->newest().record()).seq();
  if (*seq > recorded) return false;
  PartRecord& part = change->records.emplace_back();
  part.offset = page * kPageBytes;
  part.bytes.push_back(PageBytes(page, 0, kPageBytes, *change));
  return true;
}

}  // namespace memgrid::storage
