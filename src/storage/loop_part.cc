#include "storage/loop_part.h"

#include <algorithm>
#include <utility>

namespace memgrid::storage {

// Idle loops end no turns; while this one writes, they are woken so often.
constexpr env::Nanos kNudgeEvery = std::chrono::milliseconds(10);

LoopPart::LoopPart(Shared& shared, WblockKeeper& keeper, env::Loop& loop)
    : shared_(shared), keeper_(keeper), loop_(loop), space_(shared.pool) {}

LoopPart::~LoopPart() = default;

void LoopPart::Join(std::vector<LoopPart*> all) {
  first_ = all.front();
  std::erase(all, this);
  others_ = std::move(all);
  shared_.qsbr.Back(loop_.index());
  auto door = std::make_unique<Door>(Door{this});
  door_ = door.get();
  loop_.AtTurnEnd([door = std::move(door)] {
    if (door->part != nullptr) door->part->TurnEnd();
  });
}

void LoopPart::Leave() {
  if (timer_ != 0) loop_.Cancel(timer_);
  timer_ = 0;
  if (door_ != nullptr) door_->part = nullptr;
  shared_.qsbr.Away(loop_.index());
}

ShardImpl& LoopPart::AddShard(int number) {
  shards_.push_back(std::make_unique<ShardImpl>(number, shared_, keeper_, loop_, space_));
  return *shards_.back();
}

void LoopPart::TurnEnd() {
  const env::Nanos now = loop_.clock().Monotonic();
  env::Nanos next = Flusher::kNever;
  bool busy = false;
  for (const auto& shard : shards_) {
    busy |= shard->active();
    next = std::min(next, shard->TurnEnd(now));
  }
  shared_.qsbr.TurnOver(loop_.index());
  LookAfterPool(busy);
  if (next <= now) {
    loop_.RequestTurn();
  } else if (next != Flusher::kNever && next < armed_) {
    Arm(now, next);
  }
  if (busy && now >= next_nudge_) {
    next_nudge_ = now + kNudgeEvery;
    for (LoopPart* other : others_) other->Nudge();
  }
}

void LoopPart::LookAfterPool(bool busy) {
  if (reserver_ != nullptr) return reserver_->Run();
  if (busy && shared_.geometry.shadow && shared_.pool.ready() < Reserver::LowWater(shared_)) first_->Nudge();
}

void LoopPart::Arm(env::Nanos now, env::Nanos at) {
  if (timer_ != 0) loop_.Cancel(timer_);
  armed_ = at;
  timer_ = loop_.RunAfter(at - now, [this] {
    timer_ = 0;
    armed_ = env::Nanos::max();
  });
}

void LoopPart::Nudge() {
  if (nudged_.exchange(true, std::memory_order_acq_rel)) return;
  loop_.Post([this] { nudged_.store(false, std::memory_order_release); });
}

}  // namespace memgrid::storage
