// Rebuilds one shard from what its wblocks hold: the exact state after one command A, and never a mixture.
//
// A is where the head stream of the boot that ended without a cut stops to be whole: its wblocks are taken by number and
// walked until one does not continue the one before, or a record is torn. Everything beyond A is void. Of what is left the
// newest record of each name counts; parts count through their roots. (docs/internals/recovery.md)
//
// Threads: the owner of the shard.

#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "storage/recovery/wblock_scan.h"
#include "storage/shadow/stripe_header.h"
#include "storage/shard_impl.h"

namespace memgrid::storage {

struct LoadReport {
  uint64_t applied = 0;
  uint64_t records = 0, torn_bytes = 0, void_records = 0, lost_keys = 0;
  bool damaged = false;
  absl::InlinedVector<Cut, kMaxCuts> cuts;  // what the shard table must hold before the first new write
  bool too_many_cuts = false;
  std::vector<std::string> warnings;  // begin with the path of the file
};

class ShardLoader {
 public:
  // `crashed` is the boot whose streams have no cut yet: that of the stripe headers as they were found.
  ShardLoader(ShardImpl& shard, const ShardEntry& entry, uint32_t crashed);

  // A wblock of the shard, in its place in memory.
  void Add(uint32_t wblock, WblockScan scan);
  // When all are there: rebuilds index, accounts and clock. The shard is as after A, all of it durable.
  LoadReport Load();

 private:
  struct Found {
    uint32_t wblock = 0;
    WblockScan scan;
    uint32_t claimed = 0;  // bytes that some mark claims as durable
    bool suspect = false;  // claimed bytes do not pass
    const Mark& mark() const { return scan.first(); }
    bool head() const { return mark().stream == StreamKind::kHead; }
  };

  // Counts names, roughly: hashes whose lowest bits are zero, once each.
  void Sample(uint32_t wblock, const WblockScan& scan);

  // what to believe
  void NoteClaims();
  uint64_t StatedByMarks() const;
  void JudgeFaults(uint64_t stated);
  bool IsRot(const Found& found, const Fault& fault, uint64_t stated) const;
  void JudgeSuspects();
  bool WasFree(const Found& found) const;
  void NoteRot(const Found& found, uint32_t offset, std::string_view what);
  uint64_t FindApplied(uint64_t stated) const;
  void WalkWblock(const Found& found, uint64_t* applied) const;
  void RenewCuts(uint64_t applied);
  uint32_t FormerBoot(const Found& found) const;
  const Cut* CutOf(uint32_t boot_epoch) const;
  bool IsVoid(const Found& found, uint64_t seq) const;

  // what to do with it
  void Adopt(Found& found);
  void InsertAll(Found& found);
  void Take(RecordView record, bool rotten);
  void InsertBatch();
  void Insert(RecordView record, Form form, uint64_t hash);
  void MarkDead(RecordView record, uint64_t hash);
  void BuildNodes();
  void BuildValue(RecordView record);
  void BuildRegion(RecordView record);
  void AttachChunks();
  void LoseValuesWithoutChunks();
  void AttachParts();
  void LoseRegions();
  void Lose(const RootName& name, uint64_t hash);
  uint64_t FindClock();
  void Finish();

  ShardImpl& shard_;
  const ShardEntry& entry_;
  const uint32_t crashed_;
  Wblocks& wblocks_;
  std::vector<Found> found_;
  LoadReport report_;
  uint64_t applied_ = 0;

  struct Pending {
    RecordView record;
    Form form;
    uint64_t hash;
  };
  absl::flat_hash_set<uint64_t> sample_;
  std::vector<Pending> batch_;               // hashed and prefetched, not inserted yet
  std::vector<const char*> value_roots_;     // candidates
  std::vector<const char*> region_roots_;
  std::vector<const char*> chunks_;
  std::vector<const char*> parts_;
  absl::flat_hash_map<std::pair<uint64_t, uint64_t>, ValueNode*> values_;  // by hash of the name and seq
  absl::flat_hash_map<uint64_t, Region*> regions_;                         // by id
  std::vector<const char*> lost_parts_;
};

}  // namespace memgrid::storage
