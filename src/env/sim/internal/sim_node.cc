#include "env/sim/internal/sim_node.h"

#include <algorithm>
#include <cstring>

namespace memgrid::env::internal {
namespace {

// Calls `piece(page, begin in page, length, position in the range)` for each page of a range.
template <typename Piece>
void ForEachPage(uint64_t offset, uint64_t size, const Piece& piece) {
  for (uint64_t at = 0; at < size;) {
    const uint64_t page = (offset + at) / SimNode::kPage;
    const uint64_t begin = (offset + at) % SimNode::kPage;
    const uint64_t length = std::min(SimNode::kPage - begin, size - at);
    piece(page, begin, length, at);
    at += length;
  }
}

}  // namespace

void SimNode::Read(uint64_t offset, std::span<char> into) const {
  ForEachPage(offset, into.size(), [&](uint64_t page, uint64_t begin, uint64_t size, uint64_t at) {
    const auto found = pages_.find(page);
    if (found == pages_.end() || found->second == nullptr) {
      std::memset(into.data() + at, 0, size);
    } else {
      std::memcpy(into.data() + at, found->second.get() + begin, size);
    }
  });
}

void SimNode::Write(uint64_t offset, std::string_view data) {
  if (data.empty()) return;
  size_ = std::max(size_, offset + data.size());
  ForEachPage(offset, data.size(), [&](uint64_t page, uint64_t begin, uint64_t size, uint64_t at) {
    std::unique_ptr<char[]>& bytes = pages_[page];
    if (bytes == nullptr) bytes = std::make_unique<char[]>(kPage);
    std::memcpy(bytes.get() + begin, data.data() + at, size);
  });
}

uint64_t SimNode::MissingPages(uint64_t offset, uint64_t length) const {
  uint64_t missing = 0;
  ForEachPage(offset, length, [&](uint64_t page, uint64_t, uint64_t, uint64_t) {
    if (!pages_.contains(page)) ++missing;
  });
  return missing;
}

void SimNode::Reserve(uint64_t offset, uint64_t length) {
  size_ = std::max(size_, offset + length);
  Take(offset, length);
}

void SimNode::Take(uint64_t offset, uint64_t length) {
  ForEachPage(offset, length, [&](uint64_t page, uint64_t, uint64_t, uint64_t) { pages_[page]; });
}

void SimNode::Resize(uint64_t size) {
  if (size < size_) {
    std::erase_if(pages_, [&](const auto& entry) { return entry.first * kPage >= size; });
    const auto last = pages_.find(size / kPage);
    if (last != pages_.end() && last->second != nullptr) {
      std::memset(last->second.get() + size % kPage, 0, kPage - size % kPage);
    }
  }
  size_ = size;
}

}  // namespace memgrid::env::internal
