// Rule R1: when a wblock without live bytes may be written again. And R2: when its former life is gone.
//
// A crash goes back to what the device holds. So a wblock is free only when no state that a crash can lead to needs
// anything in it: everything that killed its records, and for heads every command in it, is recorded (PR, not P: an
// acknowledged write that no durable mark covers could be lost otherwise); the copies made from it are contiguously
// durable; it is not the only witness of the greatest recorded number. And no reader may still look at it: all loops have
// ended a turn since its last byte was unlinked, and then there is no pin. (docs/internals/reclaim.md)
//
// Threads: the owner of the shard.

#pragma once

#include <cstdint>
#include <vector>

#include "storage/accounts.h"
#include "storage/flusher.h"
#include "storage/free_marks.h"
#include "storage/shared.h"

namespace memgrid::storage {

// A life that has ended and can still be parsed from the device, until the wblock's next mark is durable.
struct FormerLife {
  uint32_t wblock = 0;
  uint64_t incarnation = 0;
  Dead dead;
};

class Quarantine {
 public:
  // All outlive it. `flusher` and `survivors` are null without shadow.
  Quarantine(Shared& shared, ShardState& state, Accounts& accounts, FreeMarks& free_marks, Flusher* flusher,
             const Stream* survivors)
      : shared_(shared), state_(state), accounts_(accounts), free_marks_(free_marks), flusher_(flusher),
        survivors_(survivors) {}

  // Frees what may be freed, and asks for what the rest waits for. Called at turn ends. Returns true if something waits
  // only for other loops to end their turns or to let go of pins.
  bool Run();

  // Lives of wblocks that the shard gave away and that a crash could still parse. Forgets those that are gone.
  const std::vector<FormerLife>& former();
  // Tombstones up to `seq` wait for lives that have ended: makes some of these unreadable, at most `limit`.
  void Forget(uint64_t seq, size_t limit);

  // R1 but for readers: nothing that a crash could lead to needs the wblock.
  bool DeviceAllows(const Wblock& wblock) const;

 private:
  bool ReadersAllow(uint32_t wblock, uint64_t* now);
  void Free(uint32_t wblock);

  Shared& shared_;
  ShardState& state_;
  Accounts& accounts_;
  FreeMarks& free_marks_;
  Flusher* const flusher_;
  const Stream* const survivors_;
  std::vector<FormerLife> former_;
};

}  // namespace memgrid::storage
