// A stream of wblocks of one shard: the head stream is the shard's log, the survivor stream holds what defrag moved.
//
// What is appended gathers in flushes of at most 1 MiB. A flush begins with a mark at a boundary of the I/O unit and is
// never extended once closed: so no unit is written twice in one life of a wblock, and what was acknowledged is never at
// risk again. The first unit of a wblock holds its first mark alone, and nothing else of a new life is written before that
// mark is durable: so a crash finds the former life whole or not at all, and never takes a torn new one for rot in it.
// Without shadow there are neither flushes nor marks. (docs/internals/write_path.md)
//
// Threads: the owner of the shard.

#pragma once

#include <cstdint>
#include <deque>

#include "storage/accounts.h"
#include "storage/mark.h"
#include "storage/shared.h"
#include "storage/shard_state.h"
#include "storage/loop_space.h"

namespace memgrid::storage {

// Part of a wblock that goes to the device in one write. Positions are bytes in the wblock.
struct Flush {
  uint32_t wblock = 0;
  uint32_t from = 0;      // of its mark
  uint32_t data_end = 0;  // of its last record
  uint32_t to = 0;        // data_end, padded to the I/O unit
  Mark mark;
  uint64_t cover = 0;  // head: once this and all before it are durable, so is every command up to it
  bool issued = false;
  bool done = false;
  bool mark_only = false;
  bool begins_life = false;  // the first of its wblock: what follows is written when this is durable
};

class Stream {
 public:
  // All outlive it.
  Stream(StreamKind kind, Shared& shared, ShardState& state, Accounts& accounts, LoopSpace& space);

  // Place for `length` bytes of a record of command `seq`: a multiple of 8, at most geometry.max_record(). In a head the
  // seqs never fall, and Admit has prepared the room. Null if there is no wblock to be had.
  char* Append(uint32_t length, uint64_t seq);

  // Ends the flush that is gathering, if anything is in it. Not inside a command.
  void CloseFlush() { Close(false); }
  // A flush of a mark alone: states what is durable, and that commands without records were applied. False if there is no
  // wblock for it. Precondition: nothing is gathering.
  bool CloseMark();

  // Closed flushes that are not durable yet, oldest first; the flusher changes and removes them.
  std::deque<Flush>& flushes() { return flushes_; }
  // Highest command whose durability the closed flushes bring about.
  uint64_t closed_cover() const { return closed_cover_; }

  bool gathering() const { return gathering_; }
  uint32_t gathered_bytes() const { return gathering_ ? filled_ - flush_start_ : 0; }
  // Bytes that may still be appended to the open wblock (its next flush's mark deducted).
  uint64_t room() const;
  uint32_t open_wblock() const { return wblock_; }
  uint64_t last() const { return last_; }
  StreamKind kind() const { return kind_; }

  // Position: number of the wblock in the upper half, byte in it in the lower. Grows.
  uint64_t end() const { return uint64_t{number_} << 32 | filled_; }
  uint64_t durable_end() const { return durable_end_; }
  void set_durable_end(uint64_t position) { durable_end_ = position; }

  // After recovery: the seq that the stream goes on from.
  void StartAfter(uint64_t seq) { last_ = closed_cover_ = seq; }

 private:
  bool Fits(uint32_t length) const;
  bool Open();
  void BeginLife();
  void Seal(bool inside);
  void Close(bool inside);
  void BeginFlush();
  void PushFlush(uint64_t cover, bool mark_only);

  const StreamKind kind_;
  Shared& shared_;
  ShardState& state_;
  Accounts& accounts_;
  LoopSpace& space_;
  const bool shadow_;
  const uint32_t wblock_bytes_;

  uint32_t wblock_ = kNoWblock;
  char* memory_ = nullptr;
  uint32_t filled_ = 0;       // end of the last record
  uint32_t flush_start_ = 0;  // where the gathering or the next flush begins
  bool gathering_ = false;
  Mark mark_;                 // of the gathering flush
  uint32_t flushed_ = 0;      // end of the flush before, in this wblock

  uint32_t number_ = 0;       // of the open wblock
  uint32_t next_number_ = 0;
  uint32_t prior_length_ = 0;
  uint64_t last_ = 0;         // seq of the last record
  uint64_t closed_cover_ = 0;
  uint64_t durable_end_ = 0;
  std::deque<Flush> flushes_;
};

}  // namespace memgrid::storage
