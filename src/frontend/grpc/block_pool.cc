#include "frontend/grpc/block_pool.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstdlib>
#include <cstring>

namespace memgrid::frontend::grpc {

BlockPool::~BlockPool() {
  for (List& list : free_) {
    while (list.first != nullptr) {
      Header* header = list.first;
      list.first = header->next;
      std::free(header);
    }
  }
}

void* BlockPool::Take(size_t size) {
  if (size > SIZE_MAX - sizeof(Header)) return nullptr;
  size_t whole = size + sizeof(Header);
  auto size_class = static_cast<size_t>(std::bit_width((std::max(whole, kSmallest) - 1) / kSmallest));
  Header* header = nullptr;
  if (size_class < kClasses) {
    List& list = free_[size_class];
    if (list.first != nullptr) {
      header = list.first;
      list.first = header->next;
      --list.count;
      return header + 1;
    }
    whole = kSmallest << size_class;
  } else {
    size_class = kClasses;
  }
  header = static_cast<Header*>(std::malloc(whole));
  if (header == nullptr) return nullptr;
  header->size_class = size_class;
  return header + 1;
}

void BlockPool::Give(void* block) {
  if (block == nullptr) return;
  Header* header = static_cast<Header*>(block) - 1;
  if (header->size_class == kClasses || free_[header->size_class].count == kKept) return std::free(header);
  List& list = free_[header->size_class];
  header->next = list.first;
  list.first = header;
  ++list.count;
}

void* BlockPool::Resize(void* block, size_t size) {
  if (block == nullptr) return Take(size);
  Header* header = static_cast<Header*>(block) - 1;
  if (header->size_class == kClasses) {
    if (size > SIZE_MAX - sizeof(Header)) return nullptr;
    header = static_cast<Header*>(std::realloc(header, size + sizeof(Header)));
    return header == nullptr ? nullptr : header + 1;
  }
  size_t had = (kSmallest << header->size_class) - sizeof(Header);
  if (size <= had) return block;
  void* larger = Take(size);
  if (larger == nullptr) return nullptr;
  std::memcpy(larger, block, had);
  Give(block);
  return larger;
}

}  // namespace memgrid::frontend::grpc
