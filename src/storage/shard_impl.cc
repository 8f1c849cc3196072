// Construction and what happens at turn ends.

#include "storage/shard_impl.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace memgrid::storage {
namespace {

constexpr size_t kExpirySlice = 256;    // names a turn
constexpr size_t kReleaseSlice = 4096;  // pages of freed regions a turn
constexpr env::Nanos kLookAgain = std::chrono::milliseconds(2);  // whether readers have gone

}  // namespace

ShardImpl::ShardImpl(int number, Shared& shared, WblockKeeper& keeper, env::Loop& owner, LoopSpace& space)
    : shared_(shared),
      keeper_(keeper),
      owner_(owner),
      space_(space),
      shadow_(shared.geometry.shadow),
      max_record_(shared.geometry.max_record()),
      state_(number),
      index_(shared.seed, shared.qsbr),
      tables_(shared.qsbr),
      accounts_(*shared.wblocks, state_, shared.weakened),
      head_(StreamKind::kHead, shared, state_, accounts_, space),
      survivors_(StreamKind::kSurvivor, shared, state_, accounts_, space),
      flusher_(shared, state_, accounts_, head_, survivors_, &active_),
      free_marks_(shared, state_),
      quarantine_(shared, state_, accounts_, free_marks_, shadow_ ? &flusher_ : nullptr, shadow_ ? &survivors_ : nullptr),
      defrag_(*this) {}

Region* ShardImpl::RegionOf(uint64_t id) const {
  const auto found = regions_by_id_.find(id);
  return found == regions_by_id_.end() ? nullptr : found->second;
}

ShardImpl::~ShardImpl() {
  uint64_t position = 0;
  const auto free_node = [](Slot slot) {
    if (slot.form() != Form::kNode) return;
    if (slot.record().kind() == Kind::kRegionMeta) {
      delete static_cast<Region*>(slot.node());
    } else {
      delete static_cast<ValueNode*>(slot.node());
    }
  };
  while (index_.Walk(&position, 4096, free_node)) {
  }
}

void ShardImpl::WhenPersisted(uint64_t seq, absl::AnyInvocable<void(absl::Status)> done) {
  if (!shadow_) return done(absl::OkStatus());
  active_ = true;
  flusher_.WhenPersisted(seq, std::move(done));
}

void ShardImpl::FlushTo(uint64_t seq) {
  active_ = true;
  flusher_.FlushTo(std::min(seq, state_.applied.load(std::memory_order_relaxed)));
}

void ShardImpl::Drain(absl::AnyInvocable<void(absl::Status)> done) {
  if (!shadow_) return done(absl::OkStatus());
  active_ = true;
  flusher_.Drain([this, done = std::move(done)](absl::Status status) mutable {
    free_marks_.WhenIdle([status = std::move(status), done = std::move(done)]() mutable { done(std::move(status)); });
  });
}

env::Nanos ShardImpl::TurnEnd(env::Nanos now) {
  if (!std::exchange(active_, false) && now < next_due_) return next_due_;
  turn_now_ = now;
  bool more = ExpireSlice();
  more |= ReleaseSlice();
  index_.Maintain();
  tables_.Collect();
  FreeRetired();
  const env::Nanos defrag = defrag_.Run(now);
  const bool waits_for_readers = quarantine_.Run() || !retired_.empty();
  PublishUse();
  env::Nanos next = shadow_ ? flusher_.TurnEnd(now) : Flusher::kNever;
  if (more) next = now;
  next = std::min(next, defrag);
  if (waits_for_readers) next = std::min(next, now + kLookAgain);
  next_due_ = next;
  return next;
}

bool ShardImpl::ExpireSlice() {
  uint64_t tag;
  for (size_t i = 0; i < kExpirySlice; ++i) {
    if (!wheel_.Pop(&tag)) return false;
    RecordView record;
    if (RecordOf(tag, &record)) Expire(record);
  }
  return wheel_.has_due();
}

// The record may be of a key that was written again or removed since: then the entry is stale.
void ShardImpl::Expire(RecordView record) {
  const RootName name = record.name();
  const uint64_t hash = index_.Hash(name);
  const Slot slot = index_.Get(name, hash);
  if (!slot.live() || slot.record().address() != record.address()) return;
  if (!IsExpired(record)) {
    wheel_.Add(record.expiry_ms(), TagOf(record));
    return;
  }
  CountName(record.space(), record.kind(), -1);
  if (!shadow_) {
    index_.Erase(name, hash);
    Kill(slot, hash, clock_seq_);
    return;
  }
  // An expired record is its own tombstone: older copies of the key must stay shadowed.
  index_.Set(name, hash, Slot(Form::kTombstone, record.address()));
  accounts_.BecameTombstone(record);
  if (slot.form() == Form::kNode) {
    std::unique_ptr<ValueNode> node(static_cast<ValueNode*>(slot.node()));
    KillChunks(*node, hash, clock_seq_);
    node_bytes_ -= node->memory_bytes();
    retired_.push_back({0, std::move(node), nullptr});
  }
}

bool ShardImpl::ReleaseSlice() {
  if (!releasing_.empty() && releasing_.front()->Sweep(kReleaseSlice)) {
    retired_.push_back({0, nullptr, std::move(releasing_.front())});
    releasing_.pop_front();
  }
  if (!shrunk_.empty() && shrunk_.front()->Sweep(kReleaseSlice)) shrunk_.pop_front();
  return !releasing_.empty() || !shrunk_.empty();
}

void ShardImpl::FreeRetired() {
  if (retired_.empty()) return;
  while (!retired_.empty() && retired_.front().stamp != 0 && shared_.qsbr.Passed(retired_.front().stamp)) retired_.pop_front();
  uint64_t now = 0;
  for (auto it = retired_.rbegin(); it != retired_.rend() && it->stamp == 0; ++it) {
    if (now == 0) now = shared_.qsbr.Now();
    it->stamp = now;
  }
}

// What all shards use is known to each as of the others' last turns.
void ShardImpl::PublishUse() {
  const uint64_t index = index_.memory_bytes() + tables_.bytes() + node_bytes_ + wheel_.memory_bytes();
  const uint64_t use = accounts_.live() + index;
  shared_.used.fetch_add(use - published_use_, std::memory_order_relaxed);
  published_use_ = use;
  published_live_ = accounts_.live();
  live_bytes_.store(published_live_, std::memory_order_relaxed);
  index_bytes_.store(index, std::memory_order_relaxed);
  tombstones_.store(index_.tombstones(), std::memory_order_relaxed);
  shared_.counters.user_bytes.fetch_add(std::exchange(user_bytes_, 0), std::memory_order_relaxed);
}

void ShardImpl::RememberDeadline(RecordView record) {
  if (record.flags() & kExpiry) wheel_.Add(record.expiry_ms(), TagOf(record));
}

constexpr int kOffsetBits = 20;       // of a place in a wblock, in units of 8 bytes
constexpr int kWblockBits = 25;
constexpr int kIncarnationBits = 19;
static_assert(kOffsetBits + kWblockBits + kIncarnationBits == 64);

uint64_t ShardImpl::TagOf(RecordView record) const {
  const uint32_t wblock = shared_.wblocks->Of(record.address());
  const uint64_t life = (*shared_.wblocks)[wblock].incarnation & ((1u << kIncarnationBits) - 1);
  return (life << kWblockBits | wblock) << kOffsetBits | shared_.wblocks->OffsetOf(record.address()) / 8;
}

// The wblock may have been written again since the tag was made: then its life differs, or the record's checksum does.
bool ShardImpl::RecordOf(uint64_t tag, RecordView* record) const {
  const auto offset = static_cast<uint32_t>(tag & ((1u << kOffsetBits) - 1)) * 8;
  const auto wblock = static_cast<uint32_t>(tag >> kOffsetBits & ((1u << kWblockBits) - 1));
  const Wblock& state = (*shared_.wblocks)[wblock];
  if (state.shard.load(std::memory_order_relaxed) != state_.number) return false;
  const uint64_t life = tag >> (kOffsetBits + kWblockBits);
  if (life != (state.incarnation & ((1u << kIncarnationBits) - 1)) || offset >= state.filled) return false;
  *record = RecordView(shared_.wblocks->memory(wblock) + offset);
  return CheckRecord(record->address(), state.filled - offset, state.incarnation, offset) == RecordCheck::kGood;
}

}  // namespace memgrid::storage
