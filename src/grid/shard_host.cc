#include "grid/shard_host.h"

#include <algorithm>
#include <utility>

#include "base/hash.h"
#include "base/status.h"
#include "env/random.h"
#include "grid/commands/registry.h"
#include "replication/local/local_replicator.h"

namespace memgrid::grid {
namespace {

constexpr int64_t kRetryOverloadMs = 20;
// Of the buffer for encoded commands; only compared values make one larger.
constexpr size_t kKeptHeadBytes = 64u << 10;

absl::Status Stopping() { return base::Unavailable("the server is stopping"); }

absl::Status TooLate() {
  return base::DeadlineExceeded(
      "the deadline passed before the command began; nothing was changed");
}

}  // namespace

ShardHost::ShardHost(Common& common, std::string store, storage::Shard& shard, bool device_replies,
                     size_t max_record)
    : common_(common),
      store_(std::move(store)),
      shard_(shard),
      loop_(shard.owner()),
      owner_(shard.owner().index()),
      device_replies_(device_replies),
      state_(shard, *this, common.namespaces, common.limits),
      machine_(state_),
      bounds_{state_, max_record},
      counters_(common.counters[static_cast<size_t>(owner_)]),
      expiry_(*this),
      lists_(*this) {}

ShardHost::~ShardHost() = default;

ClientId ShardHost::ClientOf(std::string_view caller, std::string_view id) const {
  // The caller's part is hashed by itself, so that no two pairs run together.
  const auto hash = XXH3_128bits_withSeed(id.data(), id.size(), client_key_->Hash(caller));
  const uint64_t low = client_key_->Hash({reinterpret_cast<const char*>(&hash), sizeof hash});
  return {.low = low, .high = hash.high64};
}

absl::Status ShardHost::Charge(size_t bytes) {
  const uint32_t commands = queued_.fetch_add(1, std::memory_order_relaxed);
  const uint64_t before = queued_bytes_.fetch_add(bytes, std::memory_order_relaxed);
  if (commands < kInboxCommands && before < kInboxBytes) return absl::OkStatus();
  GiveBack(bytes);
  return base::WithRetryAfter(
      base::Unavailable("overload: shard ", shard_.number(), " of store \"", store_, "\" has ",
                        commands, " calls of ", before, " bytes waiting"),
      kRetryOverloadMs);
}

void ShardHost::GiveBack(size_t bytes) {
  queued_.fetch_sub(1, std::memory_order_relaxed);
  queued_bytes_.fetch_sub(bytes, std::memory_order_relaxed);
}

absl::Status ShardHost::Start() {
  if (shard_.stats().damaged) {
    health_ = base::DataLoss("shard ", shard_.number(), " of store \"", store_, "\" is damaged");
    return absl::OkStatus();
  }
  MEMGRID_RETURN_IF_ERROR(state_.Load());
  replicator_ = std::make_unique<replication::LocalReplicator>(machine_, loop_);
  stopped_ = false;
  if (state_.secret().empty()) MEMGRID_RETURN_IF_ERROR(Found());
  client_key_ =
      std::make_unique<base::HashKey>(std::span<const char, 16>(state_.secret().data(), 16));
  session_count_.Set(state_.sessions().size());
  expiry_.CatchUp();
  return absl::OkStatus();
}

absl::Status ShardHost::Found() {
  char secret[ShardState::kSecretBytes];
  loop_.random().Fill(secret);
  Write write{.command = {.kind = CommandKind::kFound, .operand = {secret, sizeof secret}},
              .held_up = true};
  CarryOut(&write);
  return write.status;
}

absl::Status ShardHost::Stop() {
  stopped_ = true;
  expiry_.Stop();
  lists_.Stop();
  if (replicator_ != nullptr) replicator_->Stop();
  return absl::OkStatus();
}

absl::Status ShardHost::CheckQuota(const Command& command) {
  if (state_.usages().empty()) return absl::OkStatus();
  const Usage* const usage = state_.usage(command.ns);
  const uint64_t growth = GrowthOf(shard_, command);
  if (usage == nullptr || growth == 0 || usage->Fits(growth)) return absl::OkStatus();
  return base::ResourceExhausted("quota: the namespace holds ", usage->bytes(), " of ",
                                 usage->quota(), " bytes; ", growth, " more do not fit");
}

bool ShardHost::Admit(Write* write) {
  if (stopped_) {
    write->status = Stopping();
  } else if (write->deadline != env::Nanos::max() && write->deadline <= loop_.clock().Monotonic()) {
    write->status = TooLate();
    return false;
  } else {
    storage::Admission admission = shard_.Admit(NeedOf(bounds_, write->command));
    write->status = std::move(admission.status);
    if (write->status.ok()) write->status = CheckQuota(write->command);
    if (write->status.ok() && admission.delay > env::Nanos(0) && !write->held_up) {
      write->held_up = true;
      write->delay = admission.delay;
      counters_.delayed.Add();
      return false;
    }
  }
  if (write->status.ok()) return true;
  counters_.refused.Add();
  return false;
}

void ShardHost::Applied(Write* write, const absl::Status& status,
                        const replication::Answer& answer) {
  write->status = status;
  if (!status.ok()) return;
  MEMGRID_CHECK(DecodeResult(answer.bytes(), &write->result), "a command's answer is no result");
  counters_.writes.Add();
  repeated_.Set(machine_.repeated());
  const uint64_t applied = shard_.applied();
  if (MustWait(applied)) write->awaited = applied;
  NoteDeadlines(write->command);
}

void ShardHost::NoteDeadlines(const Command& command) {
  const bool may_expire =
      command.kind == CommandKind::kPut || command.kind == CommandKind::kCompareAndSwap;
  if (may_expire && command.first != 0) expiry_.Expect(replicator_->Now() + command.first);
  if (command.has_session()) {
    session_count_.Set(state_.sessions().size());
    expiry_.Expect(replicator_->Now() + Sessions::kForgottenAfterMs);
  }
}

ShardHost::Step ShardHost::CarryOut(Write* write) {
  if (!Admit(write)) return write->status.ok() ? Step::kHeldUp : Step::kAnswered;
  head_.resize(EncodedSize(write->command));
  EncodeCommand(write->command, head_.data());
  replicator_->Propose(
      {.head = head_, .payload = write->command.payload},
      [this, write](const absl::Status& status, uint64_t, const replication::Answer& answer) {
        Applied(write, status, answer);
      });
  if (head_.capacity() > kKeptHeadBytes) head_ = std::string();
  return write->awaited != 0 ? Step::kAwaits : Step::kAnswered;
}

bool ShardHost::ProposeOwn(const Command& command) {
  Write write{.command = command, .held_up = true};
  if (!Admit(&write)) return false;
  std::string head(EncodedSize(command), '\0');
  EncodeCommand(command, head.data());
  replicator_->Propose({.head = head},
                       [](const absl::Status&, uint64_t, const replication::Answer&) {});
  session_count_.Set(state_.sessions().size());
  return true;
}

void ShardHost::Go(std::unique_ptr<WriteJourney> journey) {
  Write& write = journey->write;
  if (!Admit(&write))
    return write.status.ok() ? HoldUp(std::move(journey)) : Return(std::move(journey));
  const replication::Entry entry{.head = journey->head.view(), .payload = write.command.payload};
  replicator_->Propose(entry,
                       [journey = std::move(journey)](const absl::Status& status, uint64_t,
                                                      const replication::Answer& answer) mutable {
                         ShardHost& host = journey->host;
                         host.Applied(&journey->write, status, answer);
                         const uint64_t awaited = journey->write.awaited;
                         host.ReturnDurable(std::move(journey), awaited);
                       });
}

void ShardHost::HoldUp(std::unique_ptr<WriteJourney> journey) {
  const env::Nanos delay = journey->write.delay;
  const uint64_t number = Keep(std::move(journey));
  loop_.RunAfter(delay, [this, number] {
    Go(std::unique_ptr<WriteJourney>(static_cast<WriteJourney*>(Take(number).release())));
  });
}

void ShardHost::Go(std::unique_ptr<ReadJourney> journey) {
  if (journey->has_read) {
    const uint64_t seen = journey->seen;
    return ReturnDurable(std::move(journey), seen);
  }
  ReadJourney& read = *journey;
  replicator_->WhenReadable(read.freshness.consistency, read.freshness.min_version, read.deadline,
                            [journey = std::move(journey)](const absl::Status& status) mutable {
                              ShardHost& host = journey->host;
                              if (status.ok()) {
                                journey->Read();
                              } else {
                                journey->Fail(status);
                              }
                              const uint64_t seen = journey->seen;
                              host.ReturnDurable(std::move(journey), seen);
                            });
}

void ShardHost::ReturnDurable(std::unique_ptr<Journey> journey, uint64_t seen) {
  if (!MustWait(seen)) return Return(std::move(journey));
  counters_.parked.Add();
  journey->Slim();
  const uint64_t number = Keep(std::move(journey));
  shard_.WhenPersisted(seen, [this, number](absl::Status status) {
    std::unique_ptr<Journey> durable = Take(number);
    if (!status.ok()) {
      durable->Fail(base::Unavailable("outcome unknown: not made durable: ",
                                      base::FromAbsl(status.message())));
    }
    Return(std::move(durable));
  });
}

uint64_t ShardHost::Keep(std::unique_ptr<Journey> journey) {
  waiting_.emplace(++last_waiting_, std::move(journey));
  return last_waiting_;
}

std::unique_ptr<Journey> ShardHost::Take(uint64_t number) {
  const auto at = waiting_.find(number);
  std::unique_ptr<Journey> journey = std::move(at->second);
  waiting_.erase(at);
  return journey;
}

void ShardHost::Return(std::unique_ptr<Journey> journey) {
  journey->GiveBack();
  journey->returning_ = true;
  const int origin = journey->origin;
  common_.outboxes[static_cast<size_t>(owner_)]->Send(origin, std::move(journey));
}

}  // namespace memgrid::grid
