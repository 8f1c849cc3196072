// One region in memory: a page table over extent records, with patches for small writes.
//
// A radix tree of 512-way nodes, only on touched paths; a leaf covers 2 MiB in pages of 4 KiB and has a version. A write
// of any length is published as one: its records are appended first, then the versions of all touched leaves are made
// odd, the entries swung, the versions made even. A reader notes the versions of all leaves of its range, copies the
// entries and checks the versions at the end: it sees one state of its whole range. Never-written pages cost nothing and
// read as zeros. (docs/internals/regions.md)
//
// Threads: Read and Describe by any loop, without locks, inside a turn; everything else by the owner of the shard.

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
#include "base/qsbr.h"
#include "storage/index/slot.h"
#include "storage/record.h"

namespace memgrid::storage {

inline constexpr uint64_t kPageBytes = 4096;
inline constexpr uint64_t kMaxRegionBytes = uint64_t{1} << 62;
inline constexpr uint64_t kMaxRegionRead = 16u << 20;

struct RegionMeta {
  uint64_t id = 0;           // sequence of the command that created it
  uint64_t size = 0;         // declared; reads past it are refused
  uint64_t data_length = 0;  // end of the highest byte ever written, cut by a shrink
  uint64_t maximum = kMaxRegionBytes;
  uint64_t version = 0;      // sequence of the last write to it
};

// Told of records' bytes that are not needed any more, so that their wblock can be accounted. `bytes` of the record at
// `record` died through command `by` (0: they were copied, nothing killed them).
class DeathSink {
 public:
  virtual ~DeathSink() = default;
  virtual void OnDeath(const char* record, size_t bytes, uint64_t by) = 0;
};

// A record that a change needs: appended by the stream, in order, before the change is published.
struct PartRecord {
  Kind kind = Kind::kExtent;  // kExtent or kHole
  uint8_t flags = 0;          // kPatch
  uint64_t offset = 0;        // first byte of the region
  uint64_t hole_length = 0;   // kHole
  // Bytes of an extent or patch, in order: of the caller's data, of the present pages (valid this turn), or zeros.
  absl::InlinedVector<std::string_view, 4> bytes;
};

// What one write, shrink or fold does. Made by Plan*, carried out by Publish once `records` have been appended.
struct RegionChange {
  std::vector<PartRecord> records;
  std::vector<std::unique_ptr<char[]>> scratch;  // pages assembled for folding; `records` point into it
  RegionMeta after;  // the meta that goes with it; the caller appends a kRegionMeta record if size, data_length or
                     // maximum differ from the present ones in a way that recovery could not see from the parts
  bool meta_record = false;
};

class Region : public Node {
 public:
  // `qsbr` and `deaths` outlive the region.
  Region(const RegionMeta& meta, base::Qsbr& qsbr, DeathSink& deaths);
  ~Region();  // at the owner, past quiescence; does not report deaths

  // --- any loop ---

  enum class Outcome : uint8_t { kOk, kOutOfRange, kAskOwner };
  // Bytes [offset, offset + length) as slices; `length` ≤ kMaxRegionRead. Checks the range against the size of the same
  // state. Patched pages are assembled in `out.owned`, zeros come from static memory. `meta` gets the state's meta.
  Outcome Read(uint64_t offset, uint64_t length, base::Payload& out, RegionMeta& meta) const;
  RegionMeta Describe() const;

  // --- the owner ---

  // Most records and bytes that Plan could ask for: for admission. No overflow for any arguments.
  static void Bound(uint64_t offset, uint64_t length, size_t max_record, size_t* records, uint64_t* bytes);

  // A write at `offset` (offset + data.size() ≤ maximum, checked by the caller). Pages that are covered whole become
  // extents of at most `max_record` bytes a record (header included); parts of pages become patches, or whole pages when
  // a page has had 16 patches or 2,048 patched bytes, or the part is ≥ 2,048 bytes. `foldable(seq)`: unused here.
  RegionChange PlanWrite(uint64_t offset, std::string_view data, size_t max_record) const;
  // A new size. Shrinking gives a hole over what is lost and cuts data_length; pages beyond vanish.
  RegionChange PlanResize(uint64_t new_size) const;

  // Publishes `change`, whose records lie at `addresses` (same order) and belong to command `seq`. Reports deaths.
  void Publish(const RegionChange& change, std::span<const char* const> addresses, uint64_t seq);

  // Defrag. The pages (or the patch) of the extent record at `record` that the table still points to: calls `run` for
  // each run of neighbouring live pages with the offset in the region and its bytes inside the record.
  void LiveParts(RecordView record, absl::FunctionRef<void(uint64_t offset, std::string_view bytes)> run) const;
  // A run of `record` was copied to the record at `copy` (same seq): entries that still point to the old bytes now point
  // to the copy. Old bytes are reported dead with by = 0.
  void Move(RecordView record, const char* copy);
  // For patched pages of a defrag victim: if all patches of the page have seq ≤ `recorded`, gives the folded page and the
  // seq that its record must carry (that of the newest patch); PublishFold swings it.
  bool PlanFold(uint64_t page_offset, uint64_t recorded, RegionChange* change, uint64_t* seq) const;
  void PublishFold(const RegionChange& change, const char* address, uint64_t seq);

  // Recovery: parts in order of seq (whole pages before patches of the same seq); the caller accounts what is live
  // afterwards by LiveBytes.
  void Load(RecordView part);
  void SetMeta(const RegionMeta& meta);
  // Live bytes of a record, as accounted by this region (a whole extent's header counts with its first page).
  size_t LiveBytes(RecordView part) const;

  // Releases nodes in slices of at most `limit` entries after the region was freed; reports deaths by `by`. Returns true
  // when nothing is left.
  bool Release(size_t limit, uint64_t by);

  uint64_t touched_pages() const;
  size_t memory_bytes() const;  // of tables and overlays

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace memgrid::storage
