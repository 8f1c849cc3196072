// The index of one shard: finds a root by its name in two cache misses, and lists names in order.
//
// A hash table of 8-byte slots (buckets of a cache line) finds; a B+-tree of 8-byte entries, which name keys by hash and
// not by address, orders. So an overwrite or a move by defrag changes one slot and nothing else; only creation and
// removal touch the tree. At most 24 bytes a key beyond the record.
//
// Threads: Find and Prefetch by any loop, without locks, inside a turn; everything else by the owner of the shard.
// Memory that readers may still look at is freed through base::Qsbr.

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/functional/function_ref.h"
#include "base/qsbr.h"
#include "storage/index/slot.h"
#include "storage/name.h"

namespace memgrid::storage {

class Index {
 public:
  // `qsbr` outlives the index. `hash_bits` 8..48: how much of a hash is used; fewer than 48 only in tests, to see
  // collisions.
  Index(const HashSeed& seed, base::Qsbr& qsbr, int hash_bits = 48);
  ~Index();
  Index(const Index&) = delete;
  Index& operator=(const Index&) = delete;

  // --- any loop ---

  uint64_t Hash(const RootName& name) const;

  enum class Certainty : uint8_t { kHit, kMiss, kAskOwner };
  struct Found {
    Certainty certainty;
    Slot slot;  // kHit only; tombstones are hits
  };
  // kAskOwner after 3 tries that met a change under way: the owner's Get knows.
  Found Find(const RootName& name, uint64_t hash) const;
  // Starts loading the lines that Find will look at.
  void Prefetch(uint64_t hash) const;

  // --- the owner ---

  // The slot of the name, form kNone if there is none.
  Slot Get(const RootName& name, uint64_t hash) const;

  // A slot that `matches` among those that may have this hash (others share its tag): for what knows only the hash of
  // its root. Form kNone if there is none.
  Slot FindIf(uint64_t hash, absl::FunctionRef<bool(Slot slot)> matches) const;

  // Makes `slot` the name's. Returns the one before (form kNone: the name is new). `name` is read from the new slot's
  // record afterwards, so that must be in place; the old slot's record must be readable until this returns.
  Slot Set(const RootName& name, uint64_t hash, Slot slot);

  // Forgets the name. Returns what was there. Shrinks what has become far too large, in steps like growth.
  Slot Erase(const RootName& name, uint64_t hash);

  // A record moved: replaces `from` by `to`, which has the same name. False if the name's slot is not `from` any more.
  bool Swing(uint64_t hash, Slot from, Slot to);

  // Live names of (ns, space) that begin with `prefix`, from the first one after `after` (empty: from the start; given:
  // strictly greater), in order. `visit` returns false to stop. Returns true if the end was reached. Costs what it
  // visits. `visit` must not change the index.
  bool List(uint32_t ns, Space space, std::string_view prefix, std::string_view after,
            absl::FunctionRef<bool(std::string_view name, Slot slot)> visit) const;

  // Any slots, tombstones included, in no order, in slices: starts at *position = 0, advances it, returns false at the
  // end. Names set or erased between slices may be missed or not; all others are visited exactly once as long as no
  // growth happens in between (see PauseGrowth).
  bool Walk(uint64_t* position, size_t limit, absl::FunctionRef<void(Slot slot)> visit) const;
  void PauseGrowth(bool paused);

  uint64_t live() const;        // names that are not tombstones
  uint64_t tombstones() const;
  // Bytes held by table and tree, memory waiting for quiescence included.
  size_t memory_bytes() const;
  // Most that `creations` new names can add to memory_bytes at once: for admission, before a command enters the log.
  size_t GrowthBytes(size_t creations) const;
  // Frees what is past quiescence and moves a bounded part of a growing segment. Called once a turn.
  void Maintain();

  // Recovery: between BeginLoad and EndLoad, Set does not touch the tree; EndLoad builds it (sorting by name). Lists
  // must wait for EndLoad.
  // `names`: about how many will be there; room is made for them at once.
  void BeginLoad(uint64_t names = 0);
  void EndLoad();

  // What is wrong inside, or nothing. Reads every record: for tests and simulation.
  std::string Check() const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace memgrid::storage
