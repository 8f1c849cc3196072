#include "base/reserved_memory.h"

#include <sys/mman.h>

#include <utility>

#include "base/status.h"
#include "base/units.h"

namespace memgrid::base {

constexpr uint64_t kHugePage = 2 * kMiB;

absl::StatusOr<ReservedMemory> ReservedMemory::Reserve(uint64_t bytes) {
  ReservedMemory memory;
  if (bytes == 0) return memory;
  if (bytes > uint64_t{1} << 47) return InvalidArgument(bytes, " bytes of memory: at most 2^47");
  const uint64_t length = bytes + kHugePage;
  void* at = ::mmap(nullptr, length, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (at == MAP_FAILED) {
    return ResourceExhausted("the system refuses ", FormatBytes(bytes), " of address space");
  }
  memory.mapped_ = static_cast<char*>(at);
  memory.mapped_size_ = length;
  const uint64_t address = reinterpret_cast<uint64_t>(at);
  memory.data_ = memory.mapped_ + ((kHugePage - address % kHugePage) % kHugePage);
  memory.size_ = bytes;
  return memory;
}

ReservedMemory::ReservedMemory(ReservedMemory&& other) noexcept { *this = std::move(other); }

ReservedMemory& ReservedMemory::operator=(ReservedMemory&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  std::swap(mapped_, other.mapped_);
  std::swap(mapped_size_, other.mapped_size_);
  return *this;
}

ReservedMemory::~ReservedMemory() {
  if (mapped_ != nullptr) ::munmap(mapped_, mapped_size_);
}

void ReservedMemory::Discard(uint64_t from, uint64_t bytes) {
  if (bytes > 0) ::madvise(data_ + from, bytes, MADV_DONTNEED);
}

}  // namespace memgrid::base
