// What replication drives: one shard's state, changed by commands in order.
//
// Threads: all calls on the loop that owns the shard.

#pragma once

#include <cstdint>
#include <string_view>

#include "base/copy.h"
#include "base/check.h"

namespace memgrid::replication {

// What a command answered: a few bytes, kept where they are. Uninitialised until set.
class Answer {
 public:
  static constexpr size_t kCapacity = 63;

  Answer() : size_(0) {}
  std::string_view bytes() const { return {bytes_, size_}; }
  // `bytes` are copied; at most kCapacity (CHECK).
  void Set(std::string_view bytes) {
    MEMGRID_CHECK(bytes.size() <= kCapacity, "an answer has ", bytes.size(), " bytes");
    base::CopyBytes(bytes_, bytes);
    size_ = static_cast<uint8_t>(bytes.size());
  }

 private:
  char bytes_[kCapacity];
  uint8_t size_;
};

// A command as it lies in the log: deterministic bytes. `head` says what to do, `payload` is its
// one large argument, left where it was received. A log writes head and payload one after the
// other.
struct Entry {
  std::string_view head;
  std::string_view payload;
};

class StateMachine {
 public:
  virtual ~StateMachine() = default;

  // Applies a committed command. Pure in (state, arguments): it reads no clock, no chance, no
  // address, never fails, never waits. `seq` is greater than applied(); `time_ms` (Unix) was fixed
  // by the proposer and counts as max(state's clock, time_ms). An entry that is not understood was
  // written by a newer version: CHECK.
  virtual void Apply(uint64_t seq, uint64_t term, uint64_t time_ms, const Entry& entry,
                     Answer& answer) = 0;

  // The last command whose effect is in the state. A command that changed nothing may not count.
  virtual uint64_t applied() const = 0;

  // The clock of the state, Unix ms; only commands move it.
  virtual uint64_t clock_ms() const = 0;
};

}  // namespace memgrid::replication
