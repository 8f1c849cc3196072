// A grid on a real engine in a simulated world: two loops, virtual time, one caller after the
// other.

#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "env/disk.h"
#include "env/sim/sim_world.h"
#include "grid/grid.h"
#include "gtest/gtest.h"
#include "storage/store.h"

namespace memgrid::grid {

// What a call came to; bytes of values joined.
template <typename Answer>
struct Outcome {
  absl::Status status;
  Answer answer;
  std::string bytes;

  bool ok() const { return status.ok(); }
  absl::StatusCode code() const { return status.code(); }
};

class GridWorld {
 public:
  static constexpr int kLoops = 2;
  // A key for tokens, on the server's disk.
  static constexpr const char* kKeyFile = "/keys/main.key";
  static constexpr std::string_view kKey = "0123456789abcdef0123456789abcdef";

  enum class Durability : uint8_t { kMemory, kShadow, kDevice };

  // `start`: begin to serve at once.
  explicit GridWorld(GridOptions options = {}, bool start = true,
                     Durability durability = Durability::kMemory)
      : world_(17), options_(std::move(options)), durability_(durability) {
    const absl::Status booted = Boot();
    EXPECT_TRUE(booted.ok()) << booted;
    if (start) {
      EXPECT_TRUE(Start().ok());
    }
  }
  ~GridWorld() {
    bool stopped = false;
    loops_->loop(0).Post([&] { grid_->Stop([&] { stopped = true; }); });
    EXPECT_TRUE(Until([&] { return stopped; }));
    End();
  }

  // The power fails; the server starts again and serves.
  void CrashAndRestart() {
    world_.Crash("server");
    End();
    const absl::Status booted = Boot();
    ASSERT_TRUE(booted.ok()) << booted;
    const absl::Status started = Start();
    ASSERT_TRUE(started.ok()) << started;
  }

  absl::Status Start() {
    std::optional<absl::Status> started;
    loops_->loop(0).Post(
        [&] { grid_->Start({store_.get()}, [&](absl::Status status) { started = status; }); });
    EXPECT_TRUE(Until([&] { return started.has_value(); }));
    return *started;
  }

  Grid& grid() { return *grid_; }
  storage::Store& store() { return *store_; }
  env::SimWorld& world() { return world_; }
  env::Loop& loop(int index) { return loops_->loop(index); }

  template <typename Done>
  bool Until(Done done) {
    return world_.RunUntil(done, std::chrono::seconds(60));
  }

  // Asks from `loop` and waits. Views of `request` stay valid.
  template <typename Request, typename Answer>
  Outcome<Answer> Ask(const Request& request, Context context,
                      void (Grid::*call)(const Context&, const Request&, base::Buffer&&,
                                         Done<Request, Answer>)) {
    std::optional<Outcome<Answer>> outcome;
    loop(context.loop).Post([&] {
      (grid_.get()->*call)(
          context, request, {}, [&](const absl::Status& status, const Request&, Answer& answer) {
            EXPECT_TRUE(loop(context.loop).InLoop());
            EXPECT_FALSE(outcome.has_value()) << "answered twice";
            outcome.emplace(Outcome<Answer>{.status = status, .bytes = BytesOf(answer)});
            outcome->answer = std::move(answer);
          });
    });
    EXPECT_TRUE(Until([&] { return outcome.has_value(); })) << "no answer";
    return outcome ? *std::move(outcome)
                   : Outcome<Answer>{.status = absl::InternalError("no answer")};
  }
  template <typename Request>
  Outcome<WriteAnswer> Write(const Request& request, Context context = {}) {
    return Ask<Request, WriteAnswer>(request, context, &Grid::Call);
  }
  Outcome<ValueAnswer> Get(const GetKey& request, Context context = {}) {
    return Ask<GetKey, ValueAnswer>(request, context, &Grid::Call);
  }
  Outcome<MemoryAnswer> Read(const ReadMemory& request, Context context = {}) {
    return Ask<ReadMemory, MemoryAnswer>(request, context, &Grid::Call);
  }
  Outcome<MemoryAnswer> Describe(const DescribeMemory& request, Context context = {}) {
    return Ask<DescribeMemory, MemoryAnswer>(request, context, &Grid::Call);
  }
  Outcome<ListAnswer> ListKeys(const List& request, Context context = {}) {
    return Ask<List, ListAnswer>(request, context, &Grid::ListKeys);
  }
  Outcome<ListAnswer> ListRegions(const List& request, Context context = {}) {
    return Ask<List, ListAnswer>(request, context, &Grid::ListMemoryRegions);
  }

  // A value, or "-".
  std::string Value(std::string_view key, std::string_view ns = "n", int from = 0) {
    auto got = Get({.key = key, .ns = ns}, {.loop = from});
    return got.ok() ? got.bytes : "-";
  }
  static std::vector<std::string> Names(const ListAnswer& page) {
    std::vector<std::string> names;
    size_t from = 0;
    for (const uint32_t end : page.ends) {
      names.push_back(page.names.substr(from, end - from));
      from = end;
    }
    return names;
  }

 private:
  static std::string Join(const base::Payload& payload) {
    std::string bytes;
    for (const std::string_view slice : payload.slices) bytes += slice;
    EXPECT_EQ(bytes.size(), payload.size);
    return bytes;
  }
  static std::string BytesOf(const ValueAnswer& answer) { return Join(answer.value); }
  static std::string BytesOf(const MemoryAnswer& answer) { return Join(answer.data); }
  static std::string BytesOf(const WriteAnswer&) { return {}; }
  static std::string BytesOf(const ListAnswer&) { return {}; }

  void WriteKey() {
    env::Disk& disk = loops_->loop(0).disk();
    ASSERT_TRUE(disk.MakeFolder("/keys").ok());
    auto file = disk.Open(kKeyFile, {.create = true, .direct = env::OpenOptions::kNever});
    ASSERT_TRUE(file.ok()) << file.status();
    ASSERT_TRUE((*file)->WriteNow(0, std::span<const char>(kKey.data(), kKey.size())).ok());
  }

  void End() {
    loops_->Stop();
    grid_.reset();
    store_.reset();
  }

  absl::Status Boot() {
    loops_ = &world_.Boot("server", kLoops);
    if (!loops_->loop(0).disk().Exists(kKeyFile)) WriteKey();
    auto grid = Grid::Create(options_, *loops_);
    if (!grid.ok()) return grid.status();
    grid_ = *std::move(grid);
    loops_->Start();
    storage::StoreOptions store;
    if (durability_ == Durability::kMemory) {
      store.data_size = 256u << 20;
    } else {
      store.files = {"/default.0"};
      store.filesize = 256u << 20;
    }
    store.commit_to_device = durability_ == Durability::kDevice;
    store.shards = 4;
    std::optional<absl::Status> opened;
    loops_->loop(0).Post([&] {
      storage::Store::Open(store, *loops_, {},
                           [&](absl::StatusOr<std::unique_ptr<storage::Store>> made) {
                             opened = made.status();
                             if (made.ok()) store_ = *std::move(made);
                           });
    });
    EXPECT_TRUE(Until([&] { return opened.has_value(); }));
    return *opened;
  }

  env::SimWorld world_;
  const GridOptions options_;
  const Durability durability_;
  env::LoopGroup* loops_ = nullptr;
  std::unique_ptr<Grid> grid_;
  std::unique_ptr<storage::Store> store_;
};

}  // namespace memgrid::grid
