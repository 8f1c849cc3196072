// Letters between loops: what one loop hands to another in a turn goes as one batch with one
// wake-up.
//
// Threads: an Outbox belongs to its loop; letters are delivered on the loop that they were sent to.

#pragma once

#include <memory>
#include <vector>

#include "env/loop.h"

namespace memgrid::grid {

// Work that changes loops. Deliver is called on the receiving loop with the letter itself, to keep,
// to send on or to let go.
class Letter {
 public:
  virtual ~Letter() = default;
  virtual void Deliver(std::unique_ptr<Letter> self) = 0;
  // Called before the letter in front of it is delivered: a moment to have memory loaded.
  virtual void Prepare() {}

 private:
  friend class Outbox;
  friend class Batch;
  Letter* next_ = nullptr;
};

// Letters in the order of sending, owned.
class Batch {
 public:
  Batch() = default;
  Batch(Batch&& other) noexcept;
  Batch& operator=(Batch&&) = delete;
  ~Batch();  // letters not delivered are destroyed
  bool empty() const { return first_ == nullptr; }
  void Add(std::unique_ptr<Letter> letter);
  void Deliver();

 private:
  Letter* first_ = nullptr;
  Letter* last_ = nullptr;
};

// What a loop has to send, collected until the end of its turn.
class Outbox {
 public:
  // Registers a turn-end hook of `loop`; both live as long as the group's loops run.
  Outbox(env::LoopGroup& loops, env::Loop& loop);

  // Delivers `letter` on loop `to` in one of its next turns, in the order of sending; at once,
  // inside this call, if it is this loop.
  void Send(int to, std::unique_ptr<Letter> letter);

  int loop() const { return loop_.index(); }

 private:
  void Flush();

  env::LoopGroup& loops_;
  env::Loop& loop_;
  std::vector<Batch> batches_;  // by receiving loop
  std::vector<int> waiting_;    // receivers of batches that are not empty
};

}  // namespace memgrid::grid
