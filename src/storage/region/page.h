// What a leaf of the page table holds for one page: 8 bytes, read and written whole.

#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "storage/region/part.h"

namespace memgrid::storage {

struct Overlay;

// Address in units of 8 B (44 bits), place (18 bits), form (2 bits). `place` is the number of pages
// before this one in its extent, so that a page leads to the record that it lies in. (Whether pages
// are neighbours in memory, and can leave as one slice, shows by their addresses.)
class PageEntry {
 public:
  enum class Form : uint8_t {
    kNone = 0,     // never written, or cut off: zeros
    kPage = 1,     // address of 4,096 bytes inside an extent
    kPatched = 2,  // address of an Overlay
  };

  constexpr PageEntry() = default;
  explicit constexpr PageEntry(uint64_t bits) : bits_(bits) {}
  static PageEntry Page(const char* bytes, size_t place) {
    return PageEntry(Pack(bytes) | uint64_t{place} << 2 | uint64_t{1});
  }
  static PageEntry Patched(const Overlay* overlay) {
    return PageEntry(Pack(overlay) | uint64_t{2});
  }

  Form form() const { return static_cast<Form>(bits_ & 3u); }
  bool none() const { return form() == Form::kNone; }
  const char* bytes() const { return static_cast<const char*>(address()); }  // kPage
  Overlay* overlay() const { return static_cast<Overlay*>(address()); }      // kPatched
  size_t place() const { return (bits_ >> 2) & ((1u << 18) - 1); }           // kPage
  // The record that the page lies in. kPage.
  const char* record() const { return bytes() - place() * kPageBytes - kPartHeaderBytes; }

  uint64_t bits() const { return bits_; }
  friend bool operator==(PageEntry, PageEntry) = default;

 private:
  static uint64_t Pack(const void* address) {
    return reinterpret_cast<uint64_t>(address) >> 3 << 20;
  }
  void* address() const { return reinterpret_cast<void*>(bits_ >> 20 << 3); }

  uint64_t bits_ = 0;
};

// A page with patches over it: `base` (a page, or none), then the patches in order. Places below
// `count` are filled once; only addresses change, when defrag has moved what they point to.
struct Overlay {
  static constexpr size_t kMaxPatches = 16;         // beyond it a write folds the page
  static constexpr size_t kMaxPatchBytes = 2048;    // likewise
  static constexpr uint32_t kFirstCapacity = 4;     // most pages are patched only a few times

  struct Patch {
    std::atomic<const char*> bytes;
    uint16_t offset;  // in the page
    uint16_t length;
    uint32_t unused;
    const char* record() const {
      return bytes.load(std::memory_order_relaxed) - kPartHeaderBytes;
    }
  };

  static size_t BytesFor(uint32_t capacity) { return sizeof(Overlay) + capacity * sizeof(Patch); }

  Patch* patches() { return reinterpret_cast<Patch*>(this + 1); }
  const Patch* patches() const { return reinterpret_cast<const Patch*>(this + 1); }
  const Patch& newest() const { return patches()[count.load(std::memory_order_relaxed) - 1]; }

  std::atomic<uint64_t> base;   // bits of a PageEntry, not patched
  std::atomic<uint32_t> count;  // raised by the owner when the next patch is in its place
  uint32_t capacity;            // kMaxPatches at most, but for recovery (see Region::Load)
  uint64_t patch_bytes;         // owner only
};

}  // namespace memgrid::storage
