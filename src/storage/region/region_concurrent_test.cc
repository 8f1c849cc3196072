// Readers on threads against the owner: every read is one state, and the meta is that state's.

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "gtest/gtest.h"
#include "storage/region/region.h"
#include "storage/testing/part_arena.h"

namespace memgrid::storage {
namespace {

constexpr int kReaders = 3;
constexpr int kAnswers = 300;
constexpr int kMostTries = 10000000;
constexpr int kPatterns = 4;
constexpr uint64_t kLeafBytes = kLeafPages * kPageBytes;

class Nobody : public DeathSink {
 public:
  void OnDeath(const char*, size_t, uint64_t) override {}
};

// A region whose range [offset, offset + length) is always one character, told by the version.
class World {
 public:
  World(uint64_t offset, size_t length)
      : offset_(offset), length_(length), zeros_(length, '\0') {
    for (int i = 0; i < kPatterns; ++i) data_[i].assign(length, PatternOf(i));
  }

  static char PatternOf(uint64_t version) { return static_cast<char>('a' + version % kPatterns); }

  // Writes the whole range under the next seq. `fresh`: parts differ from those of the last time.
  void Write(bool fresh) {
    ++seq_;
    const int which = seq_ % kPatterns;
    const RegionChange change = region_.PlanWrite(offset_, data_[which], 128u << 10);
    if (fresh || written_[which].empty()) {
      written_[which].clear();
      for (const PartRecord& part : change.records) {
        written_[which].push_back(arena_.Append(part, seq_));
      }
    }
    region_.Publish(change, written_[which], seq_);
    memory_.Collect();
  }

  void Resize(uint64_t size) {
    ++seq_;
    const RegionChange change = region_.PlanResize(size);
    std::vector<const char*> parts;
    for (const PartRecord& part : change.records) parts.push_back(arena_.Append(part, seq_));
    region_.Publish(change, parts, seq_);
    region_.Sweep(100);
    memory_.Collect();
  }

  // Runs `change` on this thread while readers read, until they have read enough.
  template <typename Change>
  void Run(const Change& change) {
    std::atomic<int> reading{kReaders};
    std::vector<std::thread> readers;
    for (int i = 0; i < kReaders; ++i) {
      readers.emplace_back([&, i] {
        ReadMuch(i);
        reading.fetch_sub(1);
      });
    }
    for (int i = 0; reading.load() > 0; ++i) {
      change(i);
      if (i % 3 == 0) std::this_thread::yield();
    }
    for (std::thread& reader : readers) reader.join();
  }

 private:
  void ReadMuch(int loop) {
    int answers = 0;
    for (int i = 0; i < kMostTries && answers < kAnswers; ++i) {
      qsbr_.Back(loop);
      answers += ReadOnce();
      qsbr_.Away(loop);
    }
    EXPECT_EQ(answers, kAnswers);
  }

  // True if it met the range whole.
  bool ReadOnce() {
    base::Payload out;
    RegionMeta meta;
    const Region::Outcome outcome = region_.Read(offset_, length_, out, meta);
    if (outcome == Region::Outcome::kAskOwner) return false;
    const bool fits = meta.size >= offset_ + length_;
    EXPECT_EQ(outcome == Region::Outcome::kOk, fits);
    if (!fits) return false;
    // After a grow the range reads as zeros: nothing was written since the shrink.
    const std::string& expected =
        meta.data_length == 0 ? zeros_ : data_[meta.version % kPatterns];
    size_t size = 0;
    for (std::string_view slice : out.slices) {
      EXPECT_TRUE(expected.compare(size, slice.size(), slice) == 0);
      size += slice.size();
    }
    EXPECT_EQ(size, length_);
    return true;
  }

  const uint64_t offset_;
  const size_t length_;
  base::Qsbr qsbr_{kReaders};
  TableMemory memory_{qsbr_};
  Nobody nobody_;
  testing::PartArena arena_{1};
  uint64_t seq_ = 1;
  const std::string zeros_;
  std::string data_[kPatterns];
  std::vector<const char*> written_[kPatterns];
  Region region_{RegionMeta{.id = 1, .version = 1}, memory_, nobody_};
};

TEST(RegionConcurrency, AReadOverSeveralLeavesIsOneState) {
  World world(kLeafBytes - 2 * kPageBytes, kLeafBytes + 4 * kPageBytes);
  world.Run([&](int) { world.Write(false); });
}

TEST(RegionConcurrency, PatchesAndFoldsInTwoLeavesAreOneState) {
  World world(kLeafBytes - 60, 120);
  world.Run([&](int) { world.Write(true); });
}

TEST(RegionConcurrency, ShrinksAndGrowsAreOneState) {
  World world(kLeafBytes - kPageBytes, 3 * kPageBytes);
  world.Run([&](int i) {
    if (i % 3 == 0) world.Write(false);
    if (i % 3 == 1) world.Resize(0);
    if (i % 3 == 2) world.Resize(4 * kLeafBytes);
  });
}

}  // namespace
}  // namespace memgrid::storage
