// Reading: by any loop, without locks.

#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "storage/region/internal.h"

namespace memgrid::storage {

alignas(4096) const char kZeros[kZeroBytes] = {};

namespace {

constexpr int kTries = 3;
constexpr size_t kMaxLeaves = kMaxRegionRead / (kLeafPages * kPageBytes) + 1;

// Bytes [begin, end) of a patched page if they lie in one place: in one patch, or below none.
std::string_view InOnePlace(const Overlay& overlay, uint32_t count, size_t begin, size_t end) {
  for (uint32_t i = count; i-- > 0;) {
    const Overlay::Patch& patch = overlay.patches()[i];
    const size_t patch_end = size_t{patch.offset} + patch.length;
    if (patch.offset >= end || patch_end <= begin) continue;
    if (patch.offset > begin || patch_end < end) return {};
    return {patch.bytes.load(std::memory_order_acquire) + (begin - patch.offset), end - begin};
  }
  const PageEntry base(overlay.base.load(std::memory_order_acquire));
  return {(base.none() ? kZeros : base.bytes()) + begin, end - begin};
}

// Turns pages into slices, neighbours in memory into one. What needs a look at patches is left for
// Finish, which runs when the state has proved to be one.
class Gather {
 public:
  explicit Gather(base::Payload& out) : out_(out) {}

  void Add(PageEntry entry, size_t begin, size_t end) {
    switch (entry.form()) {
      case PageEntry::Form::kNone:
        zeros_ += end - begin;
        break;
      case PageEntry::Form::kPage:
        AddBytes({entry.bytes() + begin, end - begin});
        break;
      case PageEntry::Form::kPatched:
        AddZeros();
        patched_.push_back({out_.slices.size(), entry.overlay(),
                            entry.overlay()->count.load(std::memory_order_acquire),
                            static_cast<uint32_t>(begin), static_cast<uint32_t>(end)});
        out_.Add({kZeros, end - begin});  // its place
        sealed_ = true;
        break;
    }
  }

  void AddZeros() {
    while (zeros_ > 0) {
      const size_t some = std::min(zeros_, kZeroBytes);
      out_.Add({kZeros, some});
      zeros_ -= some;
      sealed_ = true;
    }
  }

  void Finish() {
    AddZeros();
    size_t assembled = 0;
    for (const Patched& page : patched_) {
      std::string_view& slice = out_.slices[page.slice];
      slice = InOnePlace(*page.overlay, page.count, page.begin, page.end);
      if (slice.empty()) assembled += page.end - page.begin;
    }
    if (assembled == 0) return;
    out_.owned = std::make_unique_for_overwrite<char[]>(assembled);
    char* to = out_.owned.get();
    for (const Patched& page : patched_) {
      std::string_view& slice = out_.slices[page.slice];
      if (!slice.empty()) continue;
      Assemble(*page.overlay, page.count, page.begin, page.end, to);
      slice = {to, page.end - page.begin};
      to += slice.size();
    }
  }

 private:
  struct Patched {
    size_t slice;
    const Overlay* overlay;
    uint32_t count, begin, end;
  };

  void AddBytes(std::string_view bytes) {
    AddZeros();
    if (!sealed_ && !out_.slices.empty()) {
      std::string_view& last = out_.slices.back();
      if (last.data() + last.size() == bytes.data()) {
        last = {last.data(), last.size() + bytes.size()};
        out_.size += bytes.size();
        return;
      }
    }
    out_.Add(bytes);
    sealed_ = false;
  }

  base::Payload& out_;
  size_t zeros_ = 0;
  bool sealed_ = false;  // the last slice is not one that can grow
  absl::InlinedVector<Patched, 4> patched_;
};

// The leaves under a read, as they were when it began.
class Leaves {
 public:
  // False: one of them is being changed.
  bool Note(const RegionTable& table, uint64_t first_page, uint64_t last_page) {
    first_ = first_page / kLeafPages;
    count_ = last_page / kLeafPages - first_ + 1;
    for (size_t i = 0; i < count_; ++i) {
      leaf_[i] = table.Find(first_ + i);
      if (leaf_[i] == nullptr) continue;
      version_[i] = leaf_[i]->version.load(std::memory_order_acquire);
      if (version_[i] % 2 != 0) return false;
    }
    return true;
  }

  // All loads in between were acquires: none of them was made after these.
  bool Unchanged() const {
    for (size_t i = 0; i < count_; ++i) {
      if (leaf_[i] == nullptr) continue;
      if (leaf_[i]->version.load(std::memory_order_relaxed) != version_[i]) return false;
    }
    return true;
  }

  PageEntry Get(uint64_t page) const {
    const LeafNode* const leaf = leaf_[page / kLeafPages - first_];
    return leaf == nullptr ? PageEntry() : leaf->Get(page);
  }

 private:
  uint64_t first_ = 0;
  size_t count_ = 0;
  const LeafNode* leaf_[kMaxLeaves];
  uint64_t version_[kMaxLeaves];
};

}  // namespace

void Assemble(const Overlay& overlay, uint32_t count, size_t begin, size_t end, char* to) {
  const PageEntry base(overlay.base.load(std::memory_order_acquire));
  std::memcpy(to, (base.none() ? kZeros : base.bytes()) + begin, end - begin);
  for (uint32_t i = 0; i < count; ++i) {
    const Overlay::Patch& patch = overlay.patches()[i];
    const size_t from = std::max<size_t>(patch.offset, begin);
    const size_t until = std::min<size_t>(size_t{patch.offset} + patch.length, end);
    if (from >= until) continue;
    const char* const bytes = patch.bytes.load(std::memory_order_acquire);
    std::memcpy(to + (from - begin), bytes + (from - patch.offset), until - from);
  }
}

Region::Outcome Region::Read(uint64_t offset, uint64_t length, base::Payload& out,
                             RegionMeta& meta) const {
  MEMGRID_CHECK(length <= kMaxRegionRead, "region read of ", length, " bytes");
  for (int i = 0; i < kTries; ++i) {
    Outcome outcome = Outcome::kOk;
    if (TryRead(offset, length, out, meta, outcome)) return outcome;
    out.slices.clear();
    out.size = 0;
  }
  return Outcome::kAskOwner;
}

// One try. The state is the one at the moment when the meta was read: whatever changed a leaf or
// linked one since Note, or before the check, has changed its version or the shape.
bool Region::TryRead(uint64_t offset, uint64_t length, base::Payload& out, RegionMeta& meta,
                     Outcome& outcome) const {
  const uint64_t shape = shape_.load(std::memory_order_acquire);
  if (shape % 2 != 0) return false;
  const bool far = offset > kMaxRegionBytes || length > kMaxRegionBytes - offset;
  Leaves leaves;
  const uint64_t end = far ? 0 : offset + length;
  const bool bytes = !far && length > 0;
  if (bytes && !leaves.Note(table_, offset / kPageBytes, (end - 1) / kPageBytes)) return false;

  meta = Describe();
  if (far || end > meta.size) {
    outcome = Outcome::kOutOfRange;
    return shape_.load(std::memory_order_relaxed) == shape;
  }
  if (!bytes) return shape_.load(std::memory_order_relaxed) == shape;

  Gather gather(out);
  for (uint64_t at = offset; at < end;) {
    const uint64_t page = at / kPageBytes;
    const uint64_t next = std::min(end, (page + 1) * kPageBytes);
    gather.Add(leaves.Get(page), at % kPageBytes, next - page * kPageBytes);
    at = next;
  }
  if (!leaves.Unchanged() || shape_.load(std::memory_order_relaxed) != shape) return false;
  gather.Finish();
  return true;
}

}  // namespace memgrid::storage
