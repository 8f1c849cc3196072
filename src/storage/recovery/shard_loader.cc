// What to believe of the wblocks: faults, the state A, cuts.

#include "storage/recovery/shard_loader.h"

#include <algorithm>
#include <utility>

#include "base/strings.h"

namespace memgrid::storage {

ShardLoader::ShardLoader(ShardImpl& shard, const ShardEntry& entry, uint32_t crashed)
    : shard_(shard), entry_(entry), crashed_(crashed), wblocks_(*shard.shared().wblocks) {}

constexpr uint64_t kSampled = 64;  // one name of so many is counted

void ShardLoader::Sample(uint32_t wblock, const WblockScan& scan) {
  ScanWalk walk(wblocks_.memory(wblock), scan);
  for (ScanWalk::Step step = walk.Next(); step != ScanWalk::Step::kEnd; step = walk.Next()) {
    if (step != ScanWalk::Step::kRecord || walk.record().key_length() == 0) continue;
    const uint64_t hash = shard_.index_.Hash(walk.record().name());
    if (hash % kSampled == 0) sample_.insert(hash);
  }
}

void ShardLoader::Add(uint32_t wblock, WblockScan scan) {
  Sample(wblock, scan);
  found_.push_back({wblock, std::move(scan), 0});
}

LoadReport ShardLoader::Load() {
  NoteClaims();
  const uint64_t stated = StatedByMarks();
  JudgeFaults(stated);
  applied_ = report_.applied = FindApplied(stated);
  RenewCuts(applied_);
  shard_.index_.BeginLoad(sample_.size() * kSampled);
  for (Found& found : found_) Adopt(found);
  // Of equal copies those in sound wblocks count, so they come first.
  for (const bool suspect : {false, true}) {
    for (Found& found : found_) {
      if (found.suspect == suspect) InsertAll(found);
    }
    InsertBatch();
  }
  BuildNodes();
  AttachChunks();
  LoseValuesWithoutChunks();
  AttachParts();
  JudgeSuspects();
  LoseRegions();
  shard_.index_.EndLoad();
  Finish();
  return std::move(report_);
}

// A mark claims the bytes of its own wblock that were durable when it was issued, and, if it says so, the wblocks before it
// in its stream up to the lengths that their successors state.
void ShardLoader::NoteClaims() {
  std::sort(found_.begin(), found_.end(), [](const Found& a, const Found& b) {
    const auto order = [](const Found& f) {
      return std::tuple(f.mark().boot_epoch(), f.mark().stream, f.mark().number);
    };
    return order(a) < order(b);
  });
  bool earlier_durable = false;  // a wblock behind says that all before it are durable
  for (size_t i = found_.size(); i-- > 0;) {
    Found& found = found_[i];
    const Mark& mark = found.mark();
    const Found* next = i + 1 < found_.size() ? &found_[i + 1] : nullptr;
    const bool same_stream = next != nullptr && next->mark().boot_epoch() == mark.boot_epoch() && next->mark().stream == mark.stream;
    if (!same_stream) earlier_durable = false;
    found.claimed = found.scan.claimed();
    if (same_stream && earlier_durable && next->mark().number == mark.number + 1) {
      found.claimed = std::max(found.claimed, next->mark().prior_length);
    }
    for (const ScannedMark& each : found.scan.marks) earlier_durable |= each.mark.earlier_durable;
  }
}

uint64_t ShardLoader::StatedByMarks() const {
  uint64_t stated = entry_.cuts.empty() ? 0 : entry_.cuts.back().seq;
  for (const Found& found : found_) {
    for (const ScannedMark& each : found.scan.marks) stated = std::max(stated, each.mark.persisted);
  }
  return stated;
}

const Cut* ShardLoader::CutOf(uint32_t boot_epoch) const {
  for (const Cut& cut : entry_.cuts) {
    if (cut.boot_epoch == boot_epoch) return &cut;
  }
  return nullptr;
}

void ShardLoader::JudgeFaults(uint64_t stated) {
  for (Found& found : found_) {
    for (size_t i = 0; i < found.scan.faults.size(); ++i) {
      if (IsRot(found, found.scan.faults[i], stated)) {
        found.suspect = true;
        continue;
      }
      const uint32_t torn = found.scan.CutAtFault(i);
      if (found.mark().boot_epoch() == crashed_) report_.torn_bytes += torn;
      break;
    }
    found.suspect |= found.scan.first_lost || found.claimed > found.scan.end;
  }
}

// Claimed bytes that do not pass are rot: nothing is written over a life before the mark of the next one is durable. Only the
// first mark itself may have been torn by that; but then the wblock was free, and nothing in it is live (R1).
void ShardLoader::JudgeSuspects() {
  for (const Found& found : found_) {
    if (!found.suspect || WasFree(found)) continue;
    if (found.scan.first_lost) NoteRot(found, 0, "the header of a wblock has changed");
    for (const Fault& fault : found.scan.faults) {
      NoteRot(found, fault.from, fault.kind == Fault::kUnknown ? "durable bytes have changed" : "a durable record has changed");
      report_.damaged |= fault.kind == Fault::kUnknown;
    }
    if (found.claimed > found.scan.end) {
      NoteRot(found, found.scan.end, "durable bytes are missing");
      report_.damaged = true;
    }
  }
}

bool ShardLoader::WasFree(const Found& found) const {
  return found.scan.first_lost && wblocks_[found.wblock].live.load(std::memory_order_relaxed) == 0;
}

bool ShardLoader::IsRot(const Found& found, const Fault& fault, uint64_t stated) const {
  if (fault.from < found.claimed) return true;
  if (fault.kind != Fault::kRecord || !found.head()) return false;
  // Where no mark claims the place, one may claim the command: but what nothing follows may be garbage.
  if (fault.resume >= found.scan.end) return false;
  const uint64_t seq = RecordView(wblocks_.memory(found.wblock) + fault.from).seq();
  if (found.mark().boot_epoch() == crashed_) return seq <= stated;
  const Cut* cut = CutOf(found.mark().boot_epoch());
  return cut != nullptr && seq <= cut->seq;
}

void ShardLoader::NoteRot(const Found& found, uint32_t offset, std::string_view what) {
  const uint64_t at = (uint64_t{wblocks_.in_stripe(found.wblock)} << wblocks_.geometry().wblock_shift) + offset;
  report_.warnings.push_back(base::StrCat(shard_.shared().stripes[wblocks_.stripe(found.wblock)].path, ": checksum: ", what,
                                          " at byte ", at, " (shard ", shard_.number(), ")"));
}

// Starts from what marks state; the head stream of the boot that crashed may give more.
uint64_t ShardLoader::FindApplied(uint64_t stated) const {
  uint64_t applied = stated;
  const Found* before = nullptr;
  for (const Found& found : found_) {  // by boot, stream and number
    const Mark& mark = found.mark();
    if (mark.boot_epoch() != crashed_ || !found.head() || CutOf(crashed_) != nullptr) continue;
    const uint32_t walked = before == nullptr ? 0 : std::max(before->scan.end, before->claimed);
    const bool follows = before != nullptr && before->mark().number + 1 == mark.number && walked == mark.prior_length;
    // The ones before this one may have been used again since, but only if all in them was recorded.
    if (mark.number != 0 && !follows && mark.last > stated) break;
    WalkWblock(found, &applied);
    before = &found;
  }
  return applied;
}

void ShardLoader::WalkWblock(const Found& found, uint64_t* applied) const {
  ScanWalk walk(wblocks_.memory(found.wblock), found.scan);
  for (ScanWalk::Step step = walk.Next(); step != ScanWalk::Step::kEnd; step = walk.Next()) {
    if (step == ScanWalk::Step::kMark) {
      *applied = std::max(*applied, walk.mark().applied);
    } else if (step == ScanWalk::Step::kRecord || walk.fault().kind == Fault::kRecord) {
      // A command that has begun implies all before it; it counts itself when its last record is there.
      const RecordView record = walk.record();
      *applied = std::max(*applied, record.more() ? record.seq() - 1 : record.seq());
    }
  }
}

// A cut is needed as long as records that it voids can be parsed. The one of the boot that crashed is always made.
void ShardLoader::RenewCuts(uint64_t applied) {
  for (const Cut& cut : entry_.cuts) {
    bool needed = false;
    for (const Found& found : found_) {
      needed |= FormerBoot(found) == cut.boot_epoch;
      if (found.mark().boot_epoch() != cut.boot_epoch) continue;
      ScanWalk walk(wblocks_.memory(found.wblock), found.scan);
      for (ScanWalk::Step step = walk.Next(); step != ScanWalk::Step::kEnd && !needed; step = walk.Next()) {
        needed = step == ScanWalk::Step::kRecord && walk.record().seq() > cut.seq;
      }
    }
    if (needed) report_.cuts.push_back(cut);
  }
  report_.cuts.push_back({crashed_, applied});
  report_.too_many_cuts = report_.cuts.size() > kMaxCuts;
}

// Of the life that would be found if the mark at 0 were lost before the second one is written; 0 = none.
uint32_t ShardLoader::FormerBoot(const Found& found) const {
  const Geometry& geometry = wblocks_.geometry();
  if (found.scan.HasSecondMark(geometry.io_unit)) return 0;
  const MarkPlace place{shard_.shared().set, wblocks_.stripe(found.wblock), wblocks_.in_stripe(found.wblock), 0};
  const std::optional<Mark> former = FindIdentity(wblocks_.memory(found.wblock), static_cast<uint32_t>(geometry.wblock_bytes()),
                                                  place, geometry.io_unit, geometry.io_unit);
  return former ? former->boot_epoch() : 0;
}

bool ShardLoader::IsVoid(const Found& found, uint64_t seq) const {
  if (seq > applied_) return true;
  const Cut* cut = CutOf(found.mark().boot_epoch());
  return cut != nullptr && seq > cut->seq;
}

}  // namespace memgrid::storage
