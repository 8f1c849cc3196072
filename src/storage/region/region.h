// One region in memory: a page table over extent records, with patches for small writes.
//
// A radix tree of 512-way nodes, only on touched paths; a leaf covers 2 MiB in pages of 4 KiB and
// has a version. A write of any length is published as one: its records are appended first, then
// the versions of all touched leaves are made odd, the entries swung, the versions made even. A
// reader notes the versions of all leaves of its range, copies the entries and checks the versions
// at the end: it sees one state of its whole range, and the size, data length and version of the
// same state. Never-written pages cost nothing and read as zeros. (docs/internals/regions.md)
//
// Bytes never change behind an entry. A part of a page is a patch over it; a page that has had 16
// patches, or 2,048 bytes of them, is written whole again ("folded"). A shrink records a hole, so
// that what it cut off does not come back, and writes the page it cuts through whole, with zeros
// behind the cut.
//
// Accounting: a record is live in full when it has been appended, and the sink hears of each of its
// bytes exactly once: a page is 4,096 bytes, the record's first 40 bytes die with its first page,
// patches and holes die whole.
//
// Threads: Read and Describe by any loop, without locks, inside a turn; everything else by the
// owner of the shard.

#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "absl/functional/function_ref.h"
#include "base/payload.h"
#include "storage/index/slot.h"
#include "storage/record.h"
#include "storage/region/part.h"
#include "storage/region/table.h"

namespace memgrid::storage {

inline constexpr uint64_t kMaxRegionRead = 16u << 20;

struct RegionMeta {
  uint64_t id = 0;           // sequence of the command that created it
  uint64_t size = 0;         // declared; reads past it are refused
  uint64_t data_length = 0;  // end of the highest byte ever written, cut by a shrink
  uint64_t maximum = kMaxRegionBytes;
  uint64_t version = 0;      // sequence of the last change to it

  friend bool operator==(const RegionMeta&, const RegionMeta&) = default;
};

// Told of records' bytes that are not needed any more, so that their wblock can be accounted.
// `bytes` of the record at `record` died through command `by` (0: they were copied, nothing killed
// them). Called once what made them needless is visible to readers. Must not call the region.
class DeathSink {
 public:
  virtual ~DeathSink() = default;
  virtual void OnDeath(const char* record, size_t bytes, uint64_t by) = 0;
};

// A record that a change needs: appended by the stream, in order, before the change is published.
// Its body is a part's (part.h) with the region's id; no key, no expiry.
struct PartRecord {
  Kind kind = Kind::kExtent;  // kExtent or kHole
  uint8_t flags = 0;          // kPatch
  uint64_t offset = 0;        // first byte of the region
  uint64_t hole_length = 0;   // kHole
  // Bytes of an extent or patch, in order: of the caller's data, of the present pages (valid this
  // turn), or zeros.
  absl::InlinedVector<std::string_view, 4> bytes;

  // Of the record, header and pad included.
  size_t length() const;
};

// What one write, resize or fold does. Made by Plan*, carried out by Publish once `records` have
// been appended, with no other change of the region in between.
struct RegionChange {
  absl::InlinedVector<PartRecord, 2> records;
  std::vector<std::unique_ptr<char[]>> scratch;  // assembled pages, which `records` point into
  // The region after it; `version` is filled in by Publish.
  RegionMeta after;
  // The caller appends a kRegionMeta record of `after` too, under the same seq: recovery could not
  // tell size and data length from the parts alone.
  bool meta_record = false;
};

class Region : public Node {
 public:
  // `meta` as in the newest kRegionMeta record, its seq as `version`. `memory` and `deaths` outlive
  // the region.
  Region(const RegionMeta& meta, TableMemory& memory, DeathSink& deaths);
  // At the owner, past quiescence: no reader looks at it any more. Does not report deaths.
  ~Region();
  Region(const Region&) = delete;
  Region& operator=(const Region&) = delete;

  uint64_t id() const { return id_; }

  // --- any loop ---

  enum class Outcome : uint8_t { kOk, kOutOfRange, kAskOwner };
  // Bytes [offset, offset + length) as slices, added to `out` (empty); `length` ≤ kMaxRegionRead.
  // Checks the range against the size of the same state. Patched pages are assembled in
  // `out.owned`, zeros come from static memory; the rest lies in records: valid this turn,
  // `out.keeper` is the caller's to set. `meta` gets the state's (not with kAskOwner). kAskOwner
  // after three tries that met a change under way, or after Free; never on the owner's loop before
  // Free.
  Outcome Read(uint64_t offset, uint64_t length, base::Payload& out, RegionMeta& meta) const;
  RegionMeta Describe() const;

  // --- the owner ---

  // The most that PlanWrite could ask for, kRegionMeta left out: for admission. `max_record` as
  // there. Saturates.
  static void Bound(uint64_t offset, uint64_t length, size_t max_record, size_t* records,
                    uint64_t* bytes);
  // The same for PlanResize, whatever the size.
  static constexpr size_t kMaxResizeRecords = 2;
  static constexpr size_t kMaxResizeBytes = kPartHeaderBytes + kPageBytes + kPartHeaderBytes + 8;

  // A write at `offset` (offset + data.size() ≤ maximum, checked by the caller); grows the size if
  // it ends behind it. Pages that are covered whole become extents of at most `max_record` bytes a
  // record (header included, at least 40 + 4,096); parts of pages become patches, or whole pages
  // when the page has had 16 patches, its patches would pass 2,048 bytes, or the part is ≥ 2,048
  // bytes. Empty data: no records, nothing changes. `data` and the change live until Publish.
  RegionChange PlanWrite(uint64_t offset, std::string_view data, size_t max_record) const;
  // A new size ≤ maximum. Shrinking below the data length gives a hole over what is lost, and the
  // page that is cut through. Always wants a meta record.
  RegionChange PlanResize(uint64_t new_size) const;

  // Publishes `change`, whose records lie at `addresses` (same order) and belong to command `seq`.
  // Reports deaths; those of a large shrink partly later, by Sweep.
  void Publish(const RegionChange& change, std::span<const char* const> addresses, uint64_t seq);

  // Releases what shrinks and Free cut off, about `limit` entries a call, reporting deaths. True
  // when nothing is left. Cheap if there is nothing.
  bool Sweep(size_t limit);
  // The region was removed by command `by` (0: by none): all its parts are garbage; Sweep, until it
  // says true, releases them. Readers that still hold it are told kAskOwner. Call once, after the name leads
  // elsewhere.
  void Free(uint64_t by);

  // Defrag. The pages (or the patch) of the extent record `part` that the table still points
  // to: calls `run` for each run of neighbouring live pages with the offset in the region and its
  // bytes inside the record. `run` may Move that run. A hole that is needed gives one run, without
  // bytes.
  void LiveParts(RecordView part,
                 absl::FunctionRef<void(uint64_t offset, std::string_view bytes)> run) const;
  // A run of `part` (for a hole: all of it) was copied to the record at `copy`, same seq: entries
  // that still point to the old bytes now point to the copy. Those old bytes are reported dead with
  // by = 0, and so are bytes of the copy that nothing points to.
  void Move(RecordView part, const char* copy);
  // The hole `part` is not needed: no older part of this region can ever be parsed again.
  // Reported dead by 0.
  void DropHole(RecordView part);
  // Instead of moving the parts of a patched page: if all its patches have seq ≤ `recorded`, gives
  // the folded page and the seq that its record must carry (that of the newest patch); PublishFold
  // swings it and reports base and patches dead by that seq. False if the page has no patches, a
  // newer one, or holds the end of the data (recovery could not tell the data length from a whole
  // page): then its parts are moved one by one.
  bool PlanFold(uint64_t page_offset, uint64_t recorded, RegionChange* change, uint64_t* seq) const;
  void PublishFold(const RegionChange& change, const char* address, uint64_t seq);

  // Recovery, before any reader: parts of this region in order of seq; within a seq whole pages,
  // then patches, then holes. All that can be parsed are given, dead ones and copies too. Reports
  // no deaths: the caller accounts what is live afterwards by LiveBytes. `part` has passed
  // ValidPart. Raises size, data length and version by what is newer than the meta record.
  void Load(RecordView part);
  // Bytes of a record that are live, as the sink will hear of them: 0 if nothing points to it any
  // more.
  size_t LiveBytes(RecordView part) const;

  // Pages that have bytes; what a shrink cut off counts until Sweep has come to it.
  uint64_t touched_pages() const { return touched_pages_; }
  // Of table, overlays and the list of holes, without this object.
  size_t memory_bytes() const;

 private:
  class Deaths;  // reports, neighbouring ones joined
  class Swing;   // a publish under way

  // What changes of the meta. Two copies, written in turn, so that a writer that has been held up
  // in the middle holds up nobody.
  struct MetaCopy {
    std::atomic<uint64_t> size{0}, data_length{0}, version{0};
  };
  struct Hole {
    uint64_t offset;
    const char* record;
  };
  struct Debris {
    TableNode* node;
    uint64_t by;
  };
  // Few regions ever shrink.
  struct Rare {
    std::vector<Hole> holes;  // ascending by offset and by seq
    std::vector<Debris> debris;
  };

  bool TryRead(uint64_t offset, uint64_t length, base::Payload& out, RegionMeta& meta,
               Outcome& outcome) const;
  void StoreMeta(const RegionMeta& meta);
  Rare& rare();

  PageEntry EntryOf(uint64_t page) const;
  std::string_view PageBytes(uint64_t page, size_t begin, size_t end, RegionChange& change) const;
  bool MustFold(uint64_t page, size_t part) const;
  void PlanPatch(uint64_t offset, std::string_view data, RegionChange& change) const;
  void PlanPages(uint64_t first, uint64_t end, uint64_t offset, std::string_view data,
                 size_t max_record, RegionChange& change) const;

  void SetEntry(LeafNode& leaf, uint64_t page, PageEntry to);
  void AddPatch(LeafNode& leaf, uint64_t page, RecordView stored);
  Overlay* NewOverlay(const Overlay* old, PageEntry base);
  void RetireOverlay(Overlay* overlay);
  void Kill(PageEntry entry, Deaths& deaths);
  void AddHole(uint64_t offset, const char* stored, Deaths& deaths);
  Hole* FindHole(RecordView stored) const;
  bool SweepNode(TableNode* node, size_t& budget, Deaths& deaths);

  void LoadPages(RecordView stored);
  void LoadPatch(RecordView stored);
  void LoadHole(RecordView stored);
  // The entry that holds the page, be it below patches; none if it is not `expected`.
  std::atomic<uint64_t>* FindPage(uint64_t page, PageEntry expected) const;
  Overlay::Patch* FindPatch(RecordView stored) const;

  const uint64_t id_;
  const uint64_t maximum_;
  const uint64_t meta_seq_;  // of the meta record that recovery began with
  DeathSink& deaths_;
  RegionTable table_;
  // Odd while leaves are linked or cut off: readers start again. Odd for ever after Free.
  std::atomic<uint64_t> shape_{0};
  std::atomic<uint64_t> meta_turn_{0};  // copy meta_turn_ % 2 is the present one
  MetaCopy meta_[2];
  uint64_t touched_pages_ = 0;
  size_t overlay_bytes_ = 0;
  std::unique_ptr<Rare> rare_;
};

}  // namespace memgrid::storage
