#include "actor.h"

#include <algorithm>
#include <cstdio>
#include <utility>

#include "base/strings.h"
#include "compare.h"

namespace memgrid::sim {
namespace {

using base::StrCat;

constexpr uint64_t kBurst = 24;           // commands of a turn, at most
constexpr int64_t kPatienceMs = 120'000;  // of refusals although there is room
constexpr env::Nanos kAfterRefusal = env::Millis(5);

}  // namespace

void Tally::Add(const Tally& other) {
  commands += other.commands;
  refused += other.refused;
  reads += other.reads;
  crashes += other.crashes;
  crashed_starts += other.crashed_starts;
  closes += other.closes;
  lost_commands += other.lost_commands;
  flipped += other.flipped;
  damaged += other.damaged;
  moved += other.moved;
}

std::string Tally::Describe() const {
  return StrCat("commands ", commands, " refused ", refused, " reads ", reads, " crashes ", crashes,
                " in-starts ", crashed_starts, " closes ", closes, " lost ", lost_commands,
                " flipped ", flipped, " damaged ", damaged, " moved ", moved);
}

Actor::Actor(int number, const Plan& plan, Tally& tally,
             absl::AnyInvocable<void(std::string)> fail)
    : number_(number),
      plan_(plan),
      tally_(tally),
      fail_(std::move(fail)),
      workload_(plan, plan.seed * 1000 + static_cast<uint64_t>(number)),
      dice_(plan.seed * 1000 + 500 + static_cast<uint64_t>(number)) {}

void Actor::Recovered(storage::Shard& shard, uint64_t applied, bool peaceful) {
  if (plan_.log) std::printf("shard %d is back at %lu of %lu\n", number_, applied, applied_);
  if (applied < durable_seq_) {
    return fail_(StrCat("shard ", number_, " came back to command ", applied, ", but ",
                        durable_seq_, " was acknowledged as durable"));
  }
  if (applied > applied_) {
    return fail_(StrCat("shard ", number_, " came back to command ", applied, " of ", applied_));
  }
  if (peaceful && applied != applied_) {
    return fail_(StrCat("shard ", number_, " was closed at command ", applied_,
                        " and came back to ", applied));
  }
  tally_.lost_commands += applied_ - applied;
  Acknowledge(applied);
  log_.clear();
  present_ = durable_;
  applied_ = applied;
  const std::string wrong = CompareAll(shard, present_, workload_.names());
  if (!wrong.empty()) {
    fail_(StrCat("shard ", number_, " is not what it was after command ", applied, ": ", wrong));
  }
}

void Actor::RecoveredFromRot(storage::Shard& shard, uint64_t applied) {
  if (shard.stats().damaged) {
    ++tally_.damaged;
    return;
  }
  if (applied != applied_) {
    return fail_(StrCat("shard ", number_, " was closed at command ", applied_, ", rotted and came ",
                        "back to ", applied, " as if it had torn"));
  }
  const std::string wrong = CompareAll(shard, present_, workload_.names(), /*rot=*/true);
  if (!wrong.empty()) fail_(StrCat("shard ", number_, " hides rot: ", wrong));
}

void Actor::Start(storage::Shard& shard, env::LoopGroup& group, uint64_t commands) {
  shard_ = &shard;
  group_ = &group;
  wanted_ = commands;
  refused_since_ms_ = -1;
  ++life_;
  shard.owner().Post([this] { Batch(); });
}

void Actor::Ended(const storage::Shard& shard) {
  Acknowledge(std::min(shard.persisted(), applied_));
  wanted_ = 0;
  shard_ = nullptr;
}

// The shard has promised `seq`: it may never come back to less.
void Actor::Acknowledge(uint64_t seq) {
  while (!log_.empty() && log_.front().seq <= seq) {
    durable_.Apply(log_.front());
    log_.pop_front();
  }
  durable_seq_ = std::max(durable_seq_, seq);
}

void Actor::Again(env::Nanos delay) {
  shard_->owner().RunAfter(delay, [this] { Batch(); });
}

void Actor::Batch() {
  env::Nanos delay{dice_.Below(2'000'000)};
  for (uint64_t i = dice_.Between(1, kBurst); i > 0 && wanted_ > 0; --i) {
    if (!Step(&delay)) break;
  }
  if (dice_.Percent(20)) ReadElsewhere();
  if (dice_.Percent(5)) shard_->FlushTo(applied_);
  if (shard_->persisted() > applied_) {
    return fail_(StrCat("shard ", number_, ": persisted ", shard_->persisted(), " of ", applied_));
  }
  if (shard_->recorded() > shard_->persisted()) {
    return fail_(StrCat("shard ", number_, ": recorded ", shard_->recorded(), " of ",
                        shard_->persisted(), " persisted"));
  }
  Acknowledge(shard_->persisted());
  if (wanted_ > 0) Again(delay);
}

bool Actor::Step(env::Nanos* delay) {
  const auto now_ms = static_cast<uint64_t>(shard_->owner().clock().WallMillis());
  const bool full = dice_.Percent(10) && present_.bytes() > plan_.most_bytes;
  ModelCommand command =
      full ? workload_.Removal(present_) : workload_.Next(present_, now_ms);
  if (command.ops.empty()) return true;
  if (!Admit(command, delay)) {
    // Whatever the store is full of, something can be removed.
    command = workload_.Removal(present_);
    if (command.ops.empty() || !Admit(command, delay)) return false;
  }
  if (*delay > env::Millis(2)) return false;
  Apply(std::move(command));
  return true;
}

bool Actor::Admit(const ModelCommand& command, env::Nanos* delay) {
  const storage::Admission admission = shard_->Admit(workload_.NeedOf(command, present_));
  if (admission.status.ok()) {
    *delay = std::max(*delay, admission.delay);
    refused_since_ms_ = -1;
    return true;
  }
  ++tally_.refused;
  *delay = kAfterRefusal;
  const int64_t now_ms = shard_->owner().clock().Monotonic() / env::Millis(1);
  if (refused_since_ms_ < 0) refused_since_ms_ = now_ms;
  if (may_refuse_) {
    wanted_ -= std::min<uint64_t>(wanted_, 1);
  } else if (now_ms - refused_since_ms_ > kPatienceMs) {
    const storage::ShardStats stats = shard_->stats();
    fail_(StrCat("shard ", number_, " refuses everything: ", admission.status.ToString(), " (live ",
                 stats.live_bytes, ", index ", stats.index_bytes, ", names ",
                 present_.values().size(), " of ", present_.bytes(), " bytes)"));
    wanted_ = 0;
  }
  return false;
}

void Actor::Apply(ModelCommand command) {
  command.seq = ++applied_;
  if (plan_.log) std::printf("shard %d %s\n", number_, Describe(command).c_str());
  const bool forget = plan_.canary == Canary::kForgottenWrite && applied_ % 64 == 0;
  const ModelCommand carried = forget ? ModelCommand{command.seq, {}} : command;
  const std::string wrong = Execute(*shard_, carried, present_);
  if (!wrong.empty()) fail_(StrCat("shard ", number_, ", command ", applied_, ": ", wrong));
  present_.Apply(command);
  ++tally_.commands;
  --wanted_;
  if (dice_.Percent(10) && command.ops[0].kind != ModelOp::Kind::kTick) {
    CheckOne(command.ops[0].name);
  }
  log_.push_back(std::move(command));
  if (shard_->has_shadow() && dice_.Percent(5)) {
    shard_->WhenPersisted(applied_, [this, seq = applied_, life = life_](const absl::Status& status) {
      if (!status.ok() || life != life_) return;
      if (shard_ != nullptr && shard_->persisted() < seq) fail_("told of durability too early");
      Acknowledge(seq);
    });
  }
}

void Actor::CheckOne(const ModelName& name) {
  ++tally_.reads;
  const std::string wrong = CompareName(*shard_, present_, name);
  if (!wrong.empty()) fail_(StrCat("shard ", number_, " after command ", applied_, ": ", wrong));
}

void Actor::ReadElsewhere() {
  env::Loop& loop = group_->loop(static_cast<int>(dice_.Below(static_cast<uint64_t>(group_->size()))));
  loop.Post([this, life = life_, name = workload_.AnyName()] {
    if (life == life_ && shard_ != nullptr) CheckOne(name);
  });
}

}  // namespace memgrid::sim
