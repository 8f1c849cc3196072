// Stores with shadow files on a simulated disk: crashes at every event, damaged files, full disks, the golden store.

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "env/sim/sim_world.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "storage/invariants.h"
#include "storage/store.h"

namespace memgrid::storage {
namespace {

using std::chrono::seconds;
using testing::HasSubstr;
using testing::StartsWith;

constexpr const char* kHost = "n1";
constexpr const char* kFile = "/data/stripe.0";

// The state of a shard as a reader sees it: keys, and regions' first bytes.
using State = std::map<std::string, std::string>;

StoreOptions Small(int files = 1) {
  StoreOptions options;
  for (int i = 0; i < files; ++i) options.files.push_back("/data/stripe." + std::to_string(i));
  options.filesize = 64 * (1u << 16);
  options.wblock_shift = 16;
  options.shards = 1;
  return options;
}

class Machine {
 public:
  explicit Machine(uint64_t seed = 1) : world(seed) {}
  ~Machine() {
    if (group != nullptr && !world.crashed(kHost)) group->Stop();
    store.reset();
  }

  // A new process; the one before has crashed or is over.
  void Boot(int loops) {
    if (group != nullptr && !world.crashed(kHost)) group->Stop();
    store.reset();
    group = &world.Boot(kHost, loops);
  }

  // False if the machine crashed before the store was open.
  bool Open(const StoreOptions& options, int loops = 2) {
    Boot(loops);
    group->Start();
    bool opened = false;
    group->loop(0).Post([&] {
      Store::Open(options, *group, {}, [&](absl::StatusOr<std::unique_ptr<Store>> result) {
        status = result.status();
        if (result.ok()) store = *std::move(result);
        opened = true;
      });
    });
    return world.RunUntil([&] { return opened; }, seconds(60));
  }

  // Runs `work` in a turn of the shard's owner; false if the machine crashed instead.
  bool Turn(absl::AnyInvocable<void(Shard&)> work) {
    bool done = false;
    store->shard(0).owner().Post([&] {
      work(store->shard(0));
      done = true;
    });
    return world.RunUntil([&] { return done; }, seconds(60));
  }
  bool WaitPersisted(uint64_t seq) {
    bool done = false;
    const bool ran = Turn([&](Shard& shard) { shard.WhenPersisted(seq, [&](absl::Status s) { done = s.ok(); }); });
    return ran && world.RunUntil([&] { return done; }, seconds(60));
  }
  bool Close() {
    bool closed = false;
    group->loop(0).Post([&] {
      store->Close([&](absl::Status s) {
        status = s;
        closed = true;
      });
    });
    return world.RunUntil([&] { return closed; }, seconds(60));
  }

  env::SimWorld world;
  env::LoopGroup* group = nullptr;
  std::unique_ptr<Store> store;
  absl::Status status;
};

RootName Key(std::string_view name) { return {1, Space::kKeys, name}; }
RootName RegionName(std::string_view name) { return {1, Space::kRegions, name}; }

void Put(Shard& shard, std::string_view name, std::string_view value, uint64_t expiry = 0) {
  shard.PutValue(Key(name), shard.Hash(Key(name)), expiry, value);
}
void Remove(Shard& shard, std::string_view name) { shard.Remove(Key(name), shard.Hash(Key(name))); }

// One command: admission, changes, commit. False if it was refused.
bool Apply(Shard& shard, absl::FunctionRef<void(Shard&)> changes, uint64_t bytes = 40000, bool frees = false) {
  if (!shard.Admit({16, bytes, 4, frees}).status.ok()) return false;
  shard.Begin(shard.applied() + 1);
  changes(shard);
  shard.Commit();
  return true;
}

std::string Joined(const base::Payload& payload) {
  std::string bytes;
  for (std::string_view slice : payload.slices) bytes += slice;
  return bytes;
}

State StateOf(Shard& shard) {
  State state;
  shard.List(1, Space::kKeys, {}, {}, [&](std::string_view name) {
    ValueRead read;
    shard.ReadValue(Key(name), shard.Hash(Key(name)), read);
    state["key " + std::string(name)] = read.outcome == ReadOutcome::kFound ? Joined(read.payload) : "lost";
    return true;
  });
  shard.List(1, Space::kRegions, {}, {}, [&](std::string_view name) {
    RegionRead meta, read;
    shard.DescribeRegion(RegionName(name), shard.Hash(RegionName(name)), meta);
    shard.ReadRegion(RegionName(name), shard.Hash(RegionName(name)), 0, std::min<uint64_t>(meta.meta.size, 65536), read);
    const bool found = meta.outcome == ReadOutcome::kFound && read.outcome == ReadOutcome::kFound;
    state["region " + std::string(name)] = found ? std::to_string(meta.meta.size) + ":" + Joined(read.payload) : "lost";
    return true;
  });
  state["clock"] = std::to_string(shard.clock_ms());
  return state;
}

// What differs, shortly; empty if nothing does.
std::string Difference(const State& is, const State& wanted) {
  std::string text;
  for (const auto& [name, value] : is) {
    const auto other = wanted.find(name);
    if (other == wanted.end()) {
      text += " " + name + " is there;";
    } else if (other->second != value) {
      text += " " + name + " is " + value.substr(0, 20) + " not " + other->second.substr(0, 20) + ";";
    }
  }
  for (const auto& [name, value] : wanted) {
    if (!is.contains(name)) text += " " + name + " is missing;";
  }
  return text;
}

// The script whose every moment is a place to crash: puts, overwrites, removals, a chunked value, several names in one
// command, a region with patches and a shrink, ticks. Step i is command i + 1.
using Step = void (*)(Shard&);
const Step kScript[] = {
    [](Shard& s) { Put(s, "a", "1"); },
    [](Shard& s) { Put(s, "b", std::string(3000, 'b')); },
    [](Shard& s) { Put(s, "a", "2"); },
    [](Shard& s) { Put(s, "chunked", std::string(30000, 'c')); },
    [](Shard& s) { Remove(s, "never there"); },
    [](Shard& s) { Remove(s, "a"); },
    [](Shard& s) {
      Put(s, "x", "first of two");
      Put(s, "y", "second of two");
    },
    [](Shard& s) { s.CreateRegion(RegionName("r"), s.Hash(RegionName("r")), 20000, kMaxRegionBytes); },
    [](Shard& s) { s.WriteRegion(RegionName("r"), s.Hash(RegionName("r")), 100, std::string(9000, 'w')); },
    [](Shard& s) { s.WriteRegion(RegionName("r"), s.Hash(RegionName("r")), 120, "patched"); },
    [](Shard& s) { s.Tick(1000); },
    [](Shard& s) { Put(s, "short lived", "soon gone", 1500); },
    [](Shard& s) { s.ResizeRegion(RegionName("r"), s.Hash(RegionName("r")), 5000); },
    [](Shard& s) { Put(s, "chunked", std::string(31000, 'd')); },
    [](Shard& s) { s.Tick(2000); },
    [](Shard& s) {
      Remove(s, "x");
      Put(s, "y", "alone");
    },
    [](Shard& s) { s.ResizeRegion(RegionName("r"), s.Hash(RegionName("r")), 12000); },
    [](Shard& s) { s.Remove(RegionName("r"), s.Hash(RegionName("r"))); },
    [](Shard& s) { Put(s, "last", std::string(8000, 'l')); },
};
constexpr size_t kSteps = std::size(kScript);

// State after each prefix of the script, from a store that never crashed.
std::vector<State> PrefixStates() {
  Machine machine;
  EXPECT_TRUE(machine.Open(Small()));
  std::vector<State> states;
  machine.Turn([&](Shard& shard) { states.push_back(StateOf(shard)); });
  for (const Step step : kScript) {
    machine.Turn([&](Shard& shard) {
      EXPECT_TRUE(Apply(shard, step));
      states.push_back(StateOf(shard));
    });
  }
  return states;
}

// Applies the rest of the script, waiting for the device after every third command. Returns the last seq that was
// acknowledged as durable before the machine crashed or the script ended.
uint64_t RunScript(Machine& machine) {
  uint64_t acknowledged = 0;
  while (!machine.world.crashed(kHost)) {
    uint64_t applied = 0;
    const bool ran = machine.Turn([&](Shard& shard) {
      if (shard.applied() < kSteps) Apply(shard, kScript[shard.applied()]);
      applied = shard.applied();
      CheckInvariants(*machine.store);
    });
    if (!ran) break;
    if (applied % 3 != 0 && applied < kSteps) continue;
    if (!machine.WaitPersisted(applied)) break;
    acknowledged = applied;
    if (applied == kSteps) break;
  }
  return acknowledged;
}

TEST(ShadowStore, ACrashAtEveryEventLeavesTheStateAfterSomeCommand) {
  const std::vector<State> states = PrefixStates();
  int crashes = 0;
  for (uint64_t run = 0, event = 1; run < 4; ++event) {
    Machine machine(event + 1000 * run);
    machine.world.disk(kHost).CrashAt(event);
    uint64_t acknowledged = 0;
    if (machine.Open(Small()) && machine.status.ok()) acknowledged = RunScript(machine);
    if (!machine.world.crashed(kHost)) {  // the script has fewer events
      ++run;
      event = 0;
      continue;
    }
    ++crashes;
    // A second crash while it comes back, then history goes on.
    machine.world.disk(kHost).CrashAt(machine.world.disk(kHost).events() + event % 13);
    const bool opened = machine.Open(Small()) || machine.Open(Small());
    ASSERT_TRUE(opened) << "event " << event;
    ASSERT_TRUE(machine.status.ok()) << "event " << event << ": " << machine.status;
    uint64_t applied = 0;
    State state;
    ASSERT_TRUE(machine.Turn([&](Shard& shard) {
      applied = shard.applied();
      state = StateOf(shard);
      CheckInvariants(*machine.store);
    }));
    ASSERT_GE(applied, acknowledged) << "event " << event;
    ASSERT_EQ(Difference(state, states[applied]), "") << "event " << event << " applied " << applied;
    ASSERT_TRUE(machine.store->recovery().warnings.empty()) << "event " << event << ": " << machine.store->recovery().warnings[0];
    machine.world.disk(kHost).CrashAt(~uint64_t{0});
    RunScript(machine);
    ASSERT_TRUE(machine.Turn([&](Shard& shard) { ASSERT_EQ(Difference(StateOf(shard), states[kSteps]), "") << "event " << event; }));
    ASSERT_TRUE(machine.Close());
    ASSERT_TRUE(machine.Open(Small()));
    ASSERT_TRUE(machine.Turn([&](Shard& shard) { ASSERT_EQ(Difference(StateOf(shard), states[kSteps]), "") << "event " << event; }));
    EXPECT_EQ(machine.store->recovery().torn_bytes, 0u);
  }
  EXPECT_GT(crashes, 100);
}

TEST(ShadowStore, ManyNamesComeBackInOrder) {
  constexpr int kNames = 20000;
  Machine machine;
  ASSERT_TRUE(machine.Open(Small()));
  for (int round = 0; round < 100; ++round) {
    machine.Turn([&](Shard& shard) {
      for (int i = round; i < kNames; i += 100) {
        ASSERT_TRUE(Apply(shard, [&](Shard& s) { Put(s, "name" + std::to_string(i), std::to_string(i)); }, 200));
      }
    });
    machine.world.RunFor(std::chrono::milliseconds(50));
  }
  State before;
  machine.Turn([&](Shard& shard) { before = StateOf(shard); });
  EXPECT_EQ(before.size(), kNames + 1u);
  ASSERT_TRUE(machine.Close());
  ASSERT_TRUE(machine.Open(Small()));
  machine.Turn([&](Shard& shard) {
    EXPECT_EQ(Difference(StateOf(shard), before), "");
    CheckInvariants(*machine.store);
  });
}

// A store that holds the script's end, closed.
void Fill(Machine& machine, const StoreOptions& options) {
  ASSERT_TRUE(machine.Open(options));
  ASSERT_TRUE(machine.status.ok()) << machine.status;
  EXPECT_EQ(RunScript(machine), kSteps);
  ASSERT_TRUE(machine.Close());
  machine.store.reset();
}

std::string ReadAll(Machine& machine, const char* path) {
  auto bytes = machine.world.disk(kHost).ReadWhole(path, 1u << 26);
  EXPECT_TRUE(bytes.ok()) << bytes.status();
  return bytes.ok() ? *bytes : "";
}

void Overwrite(Machine& machine, const char* path, const std::string& bytes) {
  machine.Boot(1);
  env::Disk& disk = machine.group->loop(0).disk();
  ASSERT_TRUE(disk.MakeFolder("/data").ok());
  auto file = disk.Open(path, {.create = true, .direct = env::OpenOptions::kNever});
  ASSERT_TRUE(file.ok()) << file.status();
  ASSERT_TRUE((*file)->ResizeNow(bytes.size()).ok());
  ASSERT_TRUE((*file)->WriteNow(0, std::span<const char>(bytes.data(), bytes.size())).ok());
}

// Opens and expects a refusal whose text begins with the path and has `word`; the file is as it was.
void ExpectRefused(const std::string& bytes, std::string_view word, const StoreOptions& options = Small()) {
  Machine machine;
  Overwrite(machine, kFile, bytes);
  ASSERT_TRUE(machine.Open(options));
  ASSERT_FALSE(machine.status.ok()) << word;
  EXPECT_THAT(std::string(machine.status.message()), StartsWith(std::string(kFile) + ": " + std::string(word)));
  EXPECT_TRUE(ReadAll(machine, kFile) == bytes) << word << ": the file was changed";
}

std::string FilledFile() {
  Machine machine;
  Fill(machine, Small());
  return ReadAll(machine, kFile);
}

TEST(ShadowStore, RefusesWhatItCannotTrustAndLeavesItAlone) {
  const std::string good = FilledFile();
  ExpectRefused(good.substr(0, good.size() - 65536), "truncated");
  ExpectRefused(good.substr(0, 100), "truncated");
  ExpectRefused(std::string(good.size(), 'f'), "foreign");
  std::string both = good;
  both[20] = static_cast<char>(both[20] ^ 1);
  both[32768 + 20] = static_cast<char>(both[32768 + 20] ^ 1);
  ExpectRefused(both, "checksum");
  StoreOptions smaller = Small();
  smaller.filesize /= 2;
  Machine machine;
  Overwrite(machine, kFile, good);
  ASSERT_TRUE(machine.Open(smaller));
  EXPECT_THAT(std::string(machine.status.message()), HasSubstr("filesize"));
}

TEST(ShadowStore, OneGoodCopyOfTheHeaderIsEnough) {
  const std::vector<State> states = PrefixStates();
  const std::string good = FilledFile();
  for (const size_t at : {size_t{0}, size_t{32768}}) {
    std::string bytes = good;
    bytes.replace(at, 8192, 8192, 'x');
    Machine machine;
    Overwrite(machine, kFile, bytes);
    ASSERT_TRUE(machine.Open(Small()));
    ASSERT_TRUE(machine.status.ok()) << machine.status;
    machine.Turn([&](Shard& shard) { EXPECT_EQ(Difference(StateOf(shard), states[kSteps]), ""); });
  }
}

TEST(ShadowStore, StripesOfAnotherSetAreForeign) {
  Machine other(7);
  Fill(other, Small(2));
  const std::string stripe1 = ReadAll(other, "/data/stripe.1");
  Machine machine(8);
  Fill(machine, Small(2));
  Overwrite(machine, "/data/stripe.1", stripe1);
  ASSERT_TRUE(machine.Open(Small(2)));
  EXPECT_THAT(std::string(machine.status.message()), HasSubstr("foreign"));
  Overwrite(machine, "/data/stripe.0", stripe1);
  ASSERT_TRUE(machine.Open(Small(2)));
  EXPECT_THAT(std::string(machine.status.message()), HasSubstr("foreign"));
}

// Whatever single byte changes: what is served is right, and what cannot be is refused or named.
TEST(ShadowStore, NoFlippedByteIsServed) {
  const std::vector<State> states = PrefixStates();
  const State& want = states[kSteps];
  const std::string good = FilledFile();
  int noticed = 0;
  for (size_t at = 65536; at < good.size(); at += 389) {
    if (std::all_of(good.begin() + static_cast<long>(at), good.begin() + static_cast<long>(std::min(at + 389, good.size())),
                    [](char c) { return c == 0; })) {
      continue;
    }
    Machine machine;
    std::string bytes = good;
    bytes[at] = static_cast<char>(bytes[at] ^ 4);
    Overwrite(machine, kFile, bytes);
    ASSERT_TRUE(machine.Open(Small()));
    ASSERT_TRUE(machine.status.ok()) << machine.status;
    machine.Turn([&](Shard& shard) {
      if (shard.stats().damaged) {
        ++noticed;
        return;
      }
      State state = StateOf(shard);
      State expected = want;
      // What is named as lost is not served; a lost tombstone, too, makes a name of it.
      for (const auto& [name, value] : State(state)) {
        if (value != "lost") continue;
        ++noticed;
        state.erase(name);
        expected.erase(name);
      }
      ASSERT_EQ(Difference(state, expected), "") << "byte " << at;
    });
  }
  EXPECT_GT(noticed, 8);
}

TEST(ShadowStore, AFullDiskRefusesWritesUntilThereIsRoom) {
  Machine machine;
  machine.world.disk(kHost).faults().capacity = 1u << 20;
  ASSERT_TRUE(machine.Open(Small()));
  ASSERT_TRUE(machine.status.ok()) << machine.status;
  int put = 0;
  absl::Status refused;
  for (int i = 0; i < 400 && refused.ok(); ++i) {
    machine.Turn([&](Shard& shard) {
      const Admission admission = shard.Admit({1, 8000, 1, false});
      if (!admission.status.ok()) {
        refused = admission.status;
        return;
      }
      shard.Begin(shard.applied() + 1);
      Put(shard, std::to_string(put++), std::string(7000, 'v'));
      shard.Commit();
    });
    machine.world.RunFor(std::chrono::milliseconds(20));
  }
  EXPECT_EQ(refused.code(), absl::StatusCode::kResourceExhausted) << refused;
  machine.Turn([&](Shard& shard) { EXPECT_EQ(StateOf(shard).size(), static_cast<size_t>(put) + 1); });
  machine.world.disk(kHost).faults().capacity = ~uint64_t{0};
  machine.world.RunFor(seconds(10));
  machine.Turn([&](Shard& shard) { EXPECT_TRUE(shard.Admit({1, 8000, 1, false}).status.ok()); });
}

// --- the golden store: what version 1 wrote must be read for ever ---

constexpr const char* kGolden = MEMGRID_SOURCE_DIR "/tests/golden/shadow/v1/store.hex";

// The first line is the size; then `offset bytes count`: so many times these 32 bytes. What is left out is zero.
constexpr size_t kLine = 32;

std::string Packed(const std::string& bytes) {
  std::ostringstream text;
  text << bytes.size() << "\n";
  size_t repeats = 1;
  for (size_t at = 0; at < bytes.size(); at += kLine * repeats) {
    const std::string line = bytes.substr(at, kLine);
    for (repeats = 1; bytes.compare(at + repeats * kLine, kLine, line) == 0; ++repeats) {
    }
    if (line.find_first_not_of('\0') == std::string::npos) continue;
    text << std::hex << at << " ";
    for (const char c : line) text << "0123456789abcdef"[static_cast<unsigned char>(c) >> 4] << "0123456789abcdef"[c & 15];
    text << std::dec << " " << repeats << "\n";
  }
  return text.str();
}

std::string Unpacked(std::istream& text) {
  size_t size = 0;
  text >> size;
  std::string bytes(size, '\0');
  std::string at, line;
  size_t repeats = 0;
  while (text >> at >> line >> repeats) {
    std::string raw;
    for (size_t i = 0; i + 1 < line.size(); i += 2) raw += static_cast<char>(std::stoi(line.substr(i, 2), nullptr, 16));
    for (size_t offset = std::stoul(at, nullptr, 16); repeats > 0; --repeats, offset += kLine) bytes.replace(offset, kLine, raw);
  }
  return bytes;
}

TEST(ShadowStore, ReadsTheGoldenStore) {
  if (std::getenv("MEMGRID_WRITE_GOLDEN") != nullptr) {
    std::ofstream(kGolden) << Packed(FilledFile());
  }
  std::ifstream text(kGolden);
  ASSERT_TRUE(text.good()) << kGolden;
  Machine machine;
  Overwrite(machine, kFile, Unpacked(text));
  ASSERT_TRUE(machine.Open(Small()));
  ASSERT_TRUE(machine.status.ok()) << machine.status;
  const std::vector<State> states = PrefixStates();
  machine.Turn([&](Shard& shard) {
    EXPECT_EQ(shard.applied(), kSteps);
    EXPECT_EQ(Difference(StateOf(shard), states[kSteps]), "");
  });
}

}  // namespace
}  // namespace memgrid::storage
