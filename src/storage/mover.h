// Moves one record of a wblock that is being cleaned to the survivor stream, if it is needed.
//
// A copy keeps its seq and says nothing new: it may be lost, or outlive the wblock it came from, and recovery finds the
// same state. The slot, node or page entry that led to the record is swung to the copy; readers see one or the other.
//
// Threads: the owner of the shard, between commands.

#pragma once

#include <cstdint>

#include "storage/reclaim.h"
#include "storage/record.h"
#include "storage/shared.h"
#include "storage/wblock_cursor.h"

namespace memgrid::storage {

class Region;
class ShardImpl;

class Mover {
 public:
  explicit Mover(ShardImpl& shard) : shard_(shard) {}

  enum class Outcome : uint8_t {
    kGone,     // not needed, or not any more
    kMoved,
    kNoRoom,   // there is no wblock for survivors: try again
    kRotten,   // not what was written: stays where it is
  };
  // What becomes of the cursor's record. `floors` as of a moment when everything in the wblock had happened.
  Outcome Move(const WblockCursor& cursor, const Floors& floors, bool holes_may_go);

  // Bytes of copies made since the last call, and the highest seq of a tombstone that could not be dropped.
  struct Done {
    uint64_t moved_bytes = 0;
    uint64_t highest_blocked = 0;
  };
  Done TakeDone() {
    const Done done = done_;
    done_ = Done();
    return done;
  }

 private:
  Outcome MoveRoot(const WblockCursor& cursor, const Floors& floors);
  Outcome MoveTombstone(RecordView record, uint64_t hash, const Floors& floors);
  Outcome MoveChunk(const WblockCursor& cursor);
  Outcome MovePart(const WblockCursor& cursor, const Floors& floors, bool holes_may_go);
  Outcome MoveHole(Region& region, RecordView record, const Floors& floors, bool may_go);
  bool Fold(Region& region, RecordView patch, Outcome* outcome);
  Outcome MovePages(Region& region, RecordView record);

  // A place for `length` bytes; deaths up to EndCopy are those of what is copied there. Null: no room.
  char* BeginCopy(size_t length, uint64_t seq);
  void EndCopy();
  void Seal(char* at) const;
  char* Copy(RecordView record);
  void Blocked(RecordView record);
  // Deaths of chunks and slots of tombstones must be recorded before what shows them may go.
  bool Recorded(uint64_t seq) const;

  ShardImpl& shard_;
  Done done_;
};

}  // namespace memgrid::storage
