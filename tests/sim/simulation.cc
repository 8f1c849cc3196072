#include "simulation.h"

#include <algorithm>
#include <cstdio>
#include <utility>

#include "base/strings.h"
#include "compare.h"
#include "storage/invariants.h"

namespace memgrid::sim {
namespace {

using base::StrCat;

constexpr env::Nanos kLongStart = std::chrono::minutes(30);
constexpr env::Nanos kLongLife = std::chrono::hours(2);
constexpr uint64_t kDistantEvent = 3000;  // disk events until a crash, at most

}  // namespace

Simulation::Simulation(const Plan& plan) : plan_(plan), dice_(plan.seed + 77), world_(plan.seed) {
  env::SimDisk& disk = world_.disk(kHost);
  disk.faults().max_delay = plan_.slowest_write;
  disk.faults().min_delay = std::min<env::Nanos>(disk.faults().min_delay, plan_.slowest_write);
  disk.faults().garbage = static_cast<double>(plan_.torn_garbage_pct) / 100;
  for (int i = 0; i < plan_.options.shards; ++i) {
    actors_.push_back(std::make_unique<Actor>(
        i, plan_, tally_, [this](std::string what) { Fail(std::move(what)); }));
  }
}

Simulation::~Simulation() {
  if (group_ != nullptr) group_->Stop();
  store_.reset();
}

std::optional<std::string> Simulation::Run() {
  for (life_ = 0; life_ < plan_.lives && !failed(); ++life_) Live();
  return failure_;
}

void Simulation::Fail(std::string what) {
  if (!failed()) failure_ = StrCat("life ", life_, ": ", what);
}

bool Simulation::RunUntil(absl::FunctionRef<bool()> done, env::Nanos limit) {
  return world_.RunUntil([&] { return failed() || done(); }, limit) && !failed() && !crashed();
}

void Simulation::Live() {
  group_ = &world_.Boot(kHost, plan_.loops);
  group_->Start();
  if (life_ == 0) {
    const absl::Status made = world_.disk(kHost).MakeFolder("/data");
    if (!made.ok()) return Fail(made.ToString());
  }
  ChooseCrash();
  if (last() && peaceful_ && plan_.trouble == Trouble::kRot) Rot();
  if (Open()) {
    Check();
    ChooseTrouble();
    Work();
    Compare();
    if (!failed() && !crashed()) CloseInPeace();
  } else if (!failed() && crashed()) {
    ++tally_.crashed_starts;
  }
  End();
}

// Near or far: within the start, in the first writes, or after thousands. Not before rot: what no
// mark had claimed at a crash cannot be told from a torn tail afterwards either.
void Simulation::ChooseCrash() {
  env::SimDisk& disk = world_.disk(kHost);
  if (plan_.trouble == Trouble::kRot) return;
  if (plan_.crash_first_at != 0) {
    if (life_ == 0) disk.CrashAt(plan_.crash_first_at);
  } else if (!last() && dice_.Percent(85)) {
    disk.CrashAt(disk.events() + dice_.Logarithmic(kDistantEvent));
  }
}

// Begins while the store works: a store that cannot even start is no matter of chance.
void Simulation::ChooseTrouble() {
  if (failed() || crashed() || !dice_.Percent(40)) return;
  env::SimDisk& disk = world_.disk(kHost);
  if (plan_.trouble == Trouble::kFullDisk) {
    disk.faults().capacity = disk.used() + (dice_.Below(20) << plan_.options.wblock_shift);
  } else if (plan_.trouble == Trouble::kBadStripe && !plan_.options.files.empty()) {
    const std::string& file = plan_.options.files[dice_.Below(plan_.options.files.size())];
    const uint64_t from = dice_.Below(plan_.options.filesize);
    disk.FailRange(file, from, plan_.options.filesize, /*reads=*/false, /*writes=*/true);
  } else {
    return;
  }
  for (const auto& actor : actors_) actor->set_may_refuse(true);
}

void Simulation::EndTrouble() {
  env::SimDisk& disk = world_.disk(kHost);
  disk.faults().capacity = ~uint64_t{0};
  disk.ClearFailures();
  for (const auto& actor : actors_) actor->set_may_refuse(false);
}

void Simulation::Rot() {
  env::SimDisk& disk = world_.disk(kHost);
  for (uint64_t i = dice_.Logarithmic(16); i > 0; --i) {
    const std::string& file = plan_.options.files[dice_.Below(plan_.options.files.size())];
    const uint64_t at = dice_.Below(plan_.options.filesize);
    if (plan_.log) {
      std::printf("flip %s at wblock %lu + %lu\n", file.c_str(), at / plan_.wblock_bytes(),
                  at % plan_.wblock_bytes());
    }
    disk.Flip(file, at, static_cast<int>(dice_.Below(8)));
    ++tally_.flipped;
  }
  rotten_ = true;
}

bool Simulation::Open() {
  bool answered = false;
  group_->loop(0).Post([&] {
    storage::Store::Open(plan_.options, *group_, nullptr,
                         [&](absl::StatusOr<std::unique_ptr<storage::Store>> opened) {
                           answered = true;
                           if (opened.ok()) {
                             store_ = *std::move(opened);
                           } else if (!crashed() && !rotten_) {
                             Fail(StrCat("the store does not open: ", opened.status().ToString()));
                           }
                         });
  });
  const bool ran = RunUntil([&] { return answered; }, kLongStart);
  if (!ran && !failed() && !crashed()) Fail("the start hangs");
  return ran && store_ != nullptr;
}

void Simulation::Check() {
  bool checked = false;
  group_->loop(0).Post([&] {
    const storage::RecoveryReport& report = store_->recovery();
    if (report.applied.size() != actors_.size()) {
      return Fail(StrCat("recovery reports ", report.applied.size(), " shards"));
    }
    if (!rotten_ && !report.warnings.empty()) {
      return Fail(StrCat("recovery complains without reason: ", report.warnings[0]));
    }
    for (size_t i = 0; i < actors_.size() && !failed(); ++i) {
      storage::Shard& shard = store_->shard(static_cast<int>(i));
      if (rotten_) {
        actors_[i]->RecoveredFromRot(shard, report.applied[i]);
      } else {
        actors_[i]->Recovered(shard, report.applied[i], peaceful_);
      }
    }
    checked = true;
  });
  RunUntil([&] { return checked; }, kLongStart);
  peaceful_ = false;
}

void Simulation::Work() {
  if (failed() || crashed() || rotten_) return;
  for (size_t i = 0; i < actors_.size(); ++i) {
    const uint64_t commands =
        plan_.lives == 1 ? plan_.commands : dice_.Logarithmic(2 * plan_.commands);
    actors_[i]->Start(store_->shard(static_cast<int>(i)), *group_, commands);
  }
  const auto all_done = [&] {
    return std::all_of(actors_.begin(), actors_.end(),
                       [](const auto& actor) { return actor->done(); });
  };
  if (!RunUntil(all_done, kLongLife) && !failed() && !crashed()) Fail("the work hangs");
}

// The present state, whole: against the models, and against the engine's own books.
void Simulation::Compare() {
  if (failed() || crashed() || rotten_) return;
  int loops = group_->size();
  for (int i = 0; i < group_->size(); ++i) {
    group_->loop(i).Post([&] {
      CheckInvariants(*store_);
      --loops;
    });
  }
  if (!RunUntil([&] { return loops == 0; }, kLongStart)) return;
  bool compared = false;
  group_->loop(0).Post([&] {
    for (size_t i = 0; i < actors_.size() && !failed(); ++i) {
      const std::string wrong = CompareAll(store_->shard(static_cast<int>(i)),
                                           actors_[i]->present(), actors_[i]->names());
      if (!wrong.empty()) Fail(StrCat("shard ", i, " after its work: ", wrong));
    }
    compared = true;
  });
  RunUntil([&] { return compared; }, kLongStart);
}

void Simulation::CloseInPeace() {
  if (plan_.trouble != Trouble::kRot && dice_.Percent(40)) {
    world_.Crash(kHost);
    return;
  }
  bool closed = false;
  group_->loop(0).Post([&] {
    store_->Close([&](const absl::Status& status) {
      closed = true;
      peaceful_ = status.ok();
      const bool troubled = plan_.trouble == Trouble::kBadStripe;
      if (!status.ok() && !crashed() && !troubled) Fail(StrCat("close: ", status.ToString()));
    });
  });
  const bool ran = RunUntil([&] { return closed; }, kLongStart);
  if (!ran && !failed() && !crashed()) Fail("the close hangs");
  if (ran) ++tally_.closes;
}

void Simulation::End() {
  if (crashed()) {
    ++tally_.crashes;
    peaceful_ = false;
  }
  if (store_ != nullptr) tally_.moved += store_->stats().defrag_moved_bytes;
  for (size_t i = 0; i < actors_.size(); ++i) {
    if (store_ != nullptr) actors_[i]->Ended(store_->shard(static_cast<int>(i)));
  }
  group_->Stop();
  store_.reset();
  group_ = nullptr;
  world_.disk(kHost).CrashAt(~uint64_t{0});
  EndTrouble();
}

}  // namespace memgrid::sim
