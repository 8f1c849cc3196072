#include "storage/index/name_sort.h"

#include <algorithm>
#include <span>

#include "storage/index/name_order.h"

namespace memgrid::storage {
namespace {

// Eight bytes of a name, and where the rest is.
struct Item {
  uint64_t word;
  Slot slot;
};

constexpr size_t kAhead = 16;  // records fetched ahead
constexpr size_t kFew = 12;    // items that are compared by their names at once

size_t LengthOf(const Item& item) { return item.slot.record().key_length() + kNameHeadBytes; }

bool ByName(const Item& a, const Item& b) { return Compare(a.slot.record().name(), b.slot.record().name()) < 0; }

void LoadWords(std::span<Item> items, size_t depth) {
  for (size_t i = 0; i < items.size(); ++i) {
    if (i + kAhead < items.size()) __builtin_prefetch(items[i + kAhead].slot.address());
    items[i].word = WordAt(items[i].slot.record().name(), depth);
  }
}

// Bytes that all names share.
size_t SharedBytes(std::span<const Item> items) {
  const RootName first = items.front().slot.record().name();
  size_t shared = first.name.size() + kNameHeadBytes;
  for (size_t i = 1; i < items.size(); ++i) {
    if (i + kAhead < items.size()) __builtin_prefetch(items[i + kAhead].slot.address());
    shared = std::min(shared, CommonPrefix(first, items[i].slot.record().name()));
  }
  return shared;
}

// `items` agree before `depth`. Each round settles eight bytes, so there are at most 129 of them.
void Sort(std::span<Item> items, size_t depth) {
  if (items.size() <= kFew) return std::sort(items.begin(), items.end(), ByName);
  LoadWords(items, depth);
  std::sort(items.begin(), items.end(), [](const Item& a, const Item& b) { return a.word < b.word; });
  for (size_t from = 0; from < items.size();) {
    size_t to = from + 1;
    while (to < items.size() && items[to].word == items[from].word) ++to;
    const auto same = items.subspan(from, to - from);
    from = to;
    if (same.size() < 2) continue;
    const auto longest = std::max_element(same.begin(), same.end(), [](const Item& a, const Item& b) {
      return LengthOf(a) < LengthOf(b);
    });
    if (LengthOf(*longest) > depth + 8) {
      Sort(same, depth + 8);
    } else {  // nothing but zero bytes at the end tells them apart
      std::sort(same.begin(), same.end(), [](const Item& a, const Item& b) { return LengthOf(a) < LengthOf(b); });
    }
  }
}

}  // namespace

void SortByName(std::vector<Slot>& slots) {
  if (slots.size() < 2) return;
  std::vector<Item> items(slots.size());
  for (size_t i = 0; i < slots.size(); ++i) items[i].slot = slots[i];
  Sort(items, SharedBytes(items));
  for (size_t i = 0; i < slots.size(); ++i) slots[i] = items[i].slot;
}

}  // namespace memgrid::storage
