#include "base/reserved_memory.h"

#include <utility>

#include "base/units.h"
#include "gtest/gtest.h"

namespace memgrid::base {
namespace {

TEST(ReservedMemory, IsZeroUntilWrittenAndAgainAfterDiscard) {
  auto memory = ReservedMemory::Reserve(64 * kMiB);
  ASSERT_TRUE(memory.ok());
  EXPECT_EQ(memory->size(), 64 * kMiB);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(memory->data()) % (2 * kMiB), 0u);
  char* last = memory->data() + 64 * kMiB - 1;
  EXPECT_EQ(*last, 0);
  *last = 7;
  memory->Discard(64 * kMiB - 4096, 4096);
  EXPECT_EQ(*last, 0);
}

TEST(ReservedMemory, MovesWithoutLosingContent) {
  auto memory = ReservedMemory::Reserve(4096);
  ASSERT_TRUE(memory.ok());
  memory->data()[5] = 'x';
  ReservedMemory moved = std::move(*memory);
  EXPECT_EQ(moved.data()[5], 'x');
}

TEST(ReservedMemory, RefusesWhatNoMachineHas) {
  EXPECT_FALSE(ReservedMemory::Reserve(uint64_t{1} << 62).ok());
}

}  // namespace
}  // namespace memgrid::base
