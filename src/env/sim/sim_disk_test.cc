#include "env/sim/sim_disk.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "env/sim/sim_world.h"
#include "gtest/gtest.h"

namespace memgrid::env {
namespace {

using absl::StatusCode;
using std::chrono::seconds;

constexpr uint64_t kUnit = 4096;

class Buffer {
 public:
  explicit Buffer(char fill, size_t size = kUnit)
      : size_(size), bytes_(static_cast<char*>(std::aligned_alloc(kUnit, size)), std::free) {
    std::memset(bytes_.get(), fill, size);
  }
  std::span<char> span() { return {bytes_.get(), size_}; }
  std::string_view view() const { return {bytes_.get(), size_}; }

 private:
  const size_t size_;
  const std::unique_ptr<char, void (*)(void*)> bytes_;
};

// One host with one open file.
class Machine {
 public:
  explicit Machine(uint64_t seed) : world(seed), disk(world.disk("n1")) { Boot(); }

  void Boot() {
    file.reset();
    LoopGroup& group = world.Boot("n1", 1);
    loop = &group.loop(0);
    group.Start();
    OpenOptions options;
    options.create = true;
    file = *disk.Open("/file", options);
  }

  // Has the loop write; answers come in `answers`, in their order.
  void Write(uint64_t offset, Buffer& data, int tag) {
    loop->Post([this, offset, &data, tag] {
      file->Write(offset, data.span(),
                  [this, tag](absl::Status status) { answers.emplace_back(tag, status.code()); });
    });
  }
  bool AwaitAnswers(size_t count) {
    return world.RunUntil([&] { return answers.size() >= count; }, seconds(10));
  }
  std::string Contents(uint64_t offset, uint64_t size) {
    Buffer buffer('?', size);
    EXPECT_TRUE(file->ReadNow(offset, buffer.span()).ok());
    return std::string(buffer.view());
  }

  SimWorld world;
  SimDisk& disk;
  Loop* loop = nullptr;
  std::unique_ptr<File> file;
  std::vector<std::pair<int, StatusCode>> answers;
};

TEST(SimDisk, WhatWasAnsweredSurvivesAndTheRestIsOldNewOrGarbage) {
  std::set<char> kinds;  // o, n, g and t for a mixture
  for (uint64_t seed = 0; seed < 200; ++seed) {
    Machine machine(seed);
    Buffer old('o'), kept('k'), torn('n');
    machine.Write(0, old, 0);
    machine.Write(kUnit, kept, 1);
    ASSERT_TRUE(machine.AwaitAnswers(2));
    machine.disk.faults().min_delay = machine.disk.faults().max_delay = seconds(1);
    machine.Write(0, torn, 2);
    machine.world.RunFor(Millis(100));
    machine.world.Crash("n1");
    machine.Boot();
    EXPECT_EQ(machine.Contents(kUnit, kUnit), kept.view());
    const std::string found = machine.Contents(0, kUnit);
    std::set<char> sectors;
    for (size_t at = 0; at < kUnit; at += 512) {
      const std::string sector = found.substr(at, 512);
      sectors.insert(sector == std::string(512, 'o')   ? 'o'
                     : sector == std::string(512, 'n') ? 'n'
                                                       : 'g');
    }
    kinds.insert(sectors.begin(), sectors.end());
    if (sectors.size() > 1) kinds.insert('t');
    EXPECT_EQ(machine.answers.size(), 2u);
  }
  EXPECT_EQ(kinds, (std::set<char>{'o', 'n', 'g', 't'}));
}

// Twelve writes to five units at once, and a crash at each event in turn: a unit whose writes were
// all answered holds one of them whole.
class CrashPoints {
 public:
  static constexpr int kWrites = 12, kUnits = 5;
  static int UnitOf(int write) { return write * 7 % kUnits; }

  explicit CrashPoints(uint64_t crash_at) : machine(77) {
    const uint64_t first = machine.disk.events();
    machine.disk.CrashAt(first + crash_at);
    for (int i = 0; i < kWrites; ++i) {
      buffers.push_back(std::make_unique<Buffer>(static_cast<char>('a' + i)));
      machine.Write(kUnit * UnitOf(i), *buffers.back(), i);
    }
    machine.AwaitAnswers(kWrites);
    events = machine.disk.events() - first;
  }

  void CheckUnit(int unit) {
    std::set<char> issued, answered;
    for (int i = 0; i < kWrites; ++i) {
      if (UnitOf(i) == unit) issued.insert(static_cast<char>('a' + i));
    }
    for (const auto& [write, code] : machine.answers) {
      if (UnitOf(write) == unit) answered.insert(static_cast<char>('a' + write));
    }
    if (answered != issued) return;
    const std::string found = machine.Contents(kUnit * unit, kUnit);
    EXPECT_EQ(found, std::string(kUnit, found[0]));
    EXPECT_TRUE(answered.contains(found[0])) << unit;
  }

  Machine machine;
  std::vector<std::unique_ptr<Buffer>> buffers;
  uint64_t events = 0;
};

TEST(SimDisk, EveryCrashPointKeepsWhatWasAnswered) {
  const uint64_t events = CrashPoints(~uint64_t{0} / 2).events;
  EXPECT_EQ(events, 2u * CrashPoints::kWrites);  // a start and an end each
  for (uint64_t crash_at = 0; crash_at < events; ++crash_at) {
    CrashPoints points(crash_at);
    ASSERT_TRUE(points.machine.world.crashed("n1"));
    EXPECT_EQ(points.events, crash_at);
    points.machine.Boot();
    for (int unit = 0; unit < CrashPoints::kUnits; ++unit) points.CheckUnit(unit);
  }
}

TEST(SimDisk, AnswersComeInAnyOrder) {
  std::set<int> first;
  for (uint64_t seed = 0; seed < 50; ++seed) {
    Machine machine(seed);
    Buffer data('x');
    for (int i = 0; i < 3; ++i) machine.Write(kUnit * i, data, i);
    ASSERT_TRUE(machine.AwaitAnswers(3));
    first.insert(machine.answers[0].first);
  }
  EXPECT_EQ(first.size(), 3u);
}

TEST(SimDisk, FilesWithoutSyncMayLoseAnsweredWrites) {
  std::set<bool> lost;
  for (uint64_t seed = 0; seed < 50; ++seed) {
    Machine machine(seed);
    OpenOptions options;
    options.create = true;
    options.sync = false;
    machine.file = *machine.disk.Open("/file", options);
    Buffer data('x');
    machine.Write(0, data, 0);
    ASSERT_TRUE(machine.AwaitAnswers(1));
    machine.world.Crash("n1");
    machine.Boot();
    lost.insert(machine.Contents(0, kUnit) != data.view());
  }
  EXPECT_EQ(lost, (std::set<bool>{false, true}));
}

TEST(SimDisk, AFullDiskTakesNothingButWhatWasReserved) {
  Machine machine(1);
  machine.disk.faults().capacity = 4 * kUnit;
  Buffer data('x');
  ASSERT_TRUE(machine.file->ReserveNow(0, 3 * kUnit).ok());
  EXPECT_EQ(machine.file->ReserveNow(kUnit, 4 * kUnit).code(), StatusCode::kResourceExhausted);
  EXPECT_EQ(machine.disk.used(), 3 * kUnit);
  for (int i = 0; i < 5; ++i) machine.Write(kUnit * i, data, i);
  ASSERT_TRUE(machine.AwaitAnswers(5));
  int full = 0;
  for (const auto& [tag, code] : machine.answers) {
    EXPECT_TRUE(code == StatusCode::kOk || tag >= 3);
    full += code == StatusCode::kResourceExhausted;
  }
  EXPECT_EQ(full, 1);
  ASSERT_TRUE(machine.disk.Remove("/file").ok());
  EXPECT_EQ(machine.disk.used(), 0u);
}

TEST(SimDisk, BadRangesFailAndLeaveNothingKnown) {
  Machine machine(1);
  Buffer data('x'), in('?');
  ASSERT_TRUE(machine.file->WriteNow(0, data.span()).ok());
  ASSERT_TRUE(machine.file->WriteNow(kUnit, data.span()).ok());
  machine.disk.FailRange("/file", kUnit, kUnit + 1, true, true);
  EXPECT_EQ(machine.file->ReadNow(kUnit, in.span()).code(), StatusCode::kDataLoss);
  EXPECT_TRUE(machine.file->ReadNow(0, in.span()).ok());
  machine.Write(kUnit, data, 0);
  ASSERT_TRUE(machine.AwaitAnswers(1));
  EXPECT_EQ(machine.answers[0].second, StatusCode::kDataLoss);
  machine.disk.ClearFailures();
  EXPECT_TRUE(machine.file->ReadNow(kUnit, in.span()).ok());
}

TEST(SimDisk, ErrorsComeAsOftenAsAskedFor) {
  Machine machine(1);
  machine.disk.faults().write_error = 0.5;
  Buffer data('x');
  for (int i = 0; i < 200; ++i) machine.Write(kUnit * i, data, i);
  ASSERT_TRUE(machine.AwaitAnswers(200));
  int failed = 0;
  for (const auto& [tag, code] : machine.answers) failed += code == StatusCode::kDataLoss;
  EXPECT_GT(failed, 60);
  EXPECT_LT(failed, 140);
}

TEST(SimDisk, BitsFlip) {
  Machine machine(1);
  Buffer data('\0');
  ASSERT_TRUE(machine.file->WriteNow(0, data.span()).ok());
  machine.disk.Flip("/file", 77, 3);
  std::string expected(kUnit, '\0');
  expected[77] = 8;
  EXPECT_EQ(machine.Contents(0, kUnit), expected);
}

TEST(SimDisk, MisdirectedWritesAreCalledGood) {
  Machine machine(3);
  Buffer zeros('\0', 64 * kUnit), data('x');
  ASSERT_TRUE(machine.file->WriteNow(0, zeros.span()).ok());
  machine.disk.faults().misdirect = 1;
  machine.Write(0, data, 0);
  ASSERT_TRUE(machine.AwaitAnswers(1));
  EXPECT_EQ(machine.answers[0].second, StatusCode::kOk);
  EXPECT_EQ(machine.Contents(0, kUnit), std::string(kUnit, '\0'));
  EXPECT_NE(machine.Contents(0, 64 * kUnit), zeros.view());
}

TEST(SimDisk, AHungDiskAnswersWhenItIsReleased) {
  Machine machine(1);
  machine.disk.faults().hang = true;
  Buffer data('x');
  machine.Write(0, data, 0);
  machine.world.RunFor(seconds(100));
  EXPECT_TRUE(machine.answers.empty());
  machine.disk.faults().hang = false;
  EXPECT_TRUE(machine.AwaitAnswers(1));
}

TEST(SimDiskDeathTest, ABufferUnderWayMustNotChange) {
  Machine machine(1);
  Buffer data('x');
  machine.disk.faults().min_delay = machine.disk.faults().max_delay = Millis(10);
  machine.Write(0, data, 0);
  machine.world.RunFor(Millis(5));
  data.span()[9] = 'y';
  EXPECT_DEATH(machine.AwaitAnswers(1), "the buffer of a write was changed under way");
}

TEST(SimDisk, SynchronousChangesAreCrashPointsToo) {
  Machine machine(1);
  ASSERT_TRUE(machine.disk.MakeFolder("/a").ok());
  machine.disk.CrashAt(machine.disk.events() + 1);
  EXPECT_TRUE(machine.disk.MakeFolder("/b").ok());
  EXPECT_FALSE(machine.disk.Rename("/file", "/b/file").ok());
  EXPECT_TRUE(machine.world.crashed("n1"));
  EXPECT_TRUE(machine.disk.Exists("/file"));
  EXPECT_FALSE(machine.disk.Remove("/file").ok());
  machine.Boot();
  EXPECT_TRUE(machine.disk.Rename("/file", "/b/file").ok());
}

TEST(SimDisk, ACrashReleasesLocks) {
  Machine machine(1);
  auto lock = machine.disk.Lock("/lock");
  ASSERT_TRUE(lock.ok());
  machine.world.Crash("n1");
  machine.Boot();
  const auto second = machine.disk.Lock("/lock");
  EXPECT_TRUE(second.ok());
  lock->reset();  // of the former life: must not release the new one
  EXPECT_FALSE(machine.disk.Lock("/lock").ok());
}

}  // namespace
}  // namespace memgrid::env
