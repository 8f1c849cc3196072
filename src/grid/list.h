// Pages of names in order, each one state of the shard however long it takes.
//
// A page is walked by the owner in slices, so that other calls are not held up. From the first
// slice's end to the last, a journal tells what changed in the part not yet visited (journal.h).
//
// Threads: the owner of the shard.

#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "env/clock.h"
#include "grid/cursor.h"
#include "grid/grid.h"
#include "grid/journal.h"
#include "grid/requests.h"
#include "grid/work.h"
#include "storage/shard.h"

namespace memgrid::grid {

// The walk of one page.
class ListWalk {
 public:
  static constexpr size_t kSliceNames = 1024;
  static constexpr env::Nanos kSliceTime{100'000};

  // Names behind `after` (empty: from the start), at most `limit`. Views outlive this.
  ListWalk(const storage::Shard& shard, const ListScope& scope, std::string_view after,
           uint64_t limit);

  // Goes on for one slice. True when the page is complete; else `journal` must follow the changes
  // from now on, and be handed over with the next slice (null in the first).
  bool Slice(const env::Clock& clock, Journal* journal);

  // Begins again, for the state as it is now.
  void Restart();

  // The page; `more`: it does not end the list.
  ListAnswer& page() { return page_; }
  bool more() const { return more_; }
  // The last name visited; empty before the first.
  const std::string& position() const { return position_; }

 private:
  bool Emit(std::string_view name);
  // Emits what `journal` knows to have been there, before `name` (empty: to the end).
  bool EmitRemoved(const Journal& journal, std::string_view name);

  const storage::Shard& shard_;
  const ListScope scope_;
  const std::string_view after_;
  const uint64_t limit_;
  std::string position_;
  ListAnswer page_;
  bool more_ = false;
};

// A call for a page.
class ListJourney final : public Journey {
 public:
  ListJourney(ShardHost& to, int from, uint32_t number, storage::Space space, const List& asked,
              base::Buffer&& backing, env::Nanos until, Done<List, ListAnswer> then);
  ~ListJourney() override;
  void Fail(absl::Status why) override { status_ = std::move(why); }

 private:
  friend class Lists;
  void Run(std::unique_ptr<Journey> self) override;
  void Finish() override;

  const ListScope scope_;
  const List request_;
  base::Buffer bytes_;
  const env::Nanos deadline_;
  Done<List, ListAnswer> done_;

  std::unique_ptr<ListWalk> walk_;
  std::unique_ptr<Journal> journal_;
  int restarts_ = 0;
  uint64_t seen_ = 0;
  absl::Status status_;
  ListAnswer none_;
};

// The lists under way in a shard: few at a time, the others wait.
class Lists {
 public:
  static constexpr int kMostRestarts = 2;
  static constexpr size_t kMostWaiting = 1024;

  explicit Lists(ShardHost& host) : host_(host) {}

  void Begin(std::unique_ptr<ListJourney> list);
  // Ends those that wait.
  void Stop();

 private:
  void Step(std::unique_ptr<ListJourney> list);
  void Restart(ListJourney& list);
  void End(std::unique_ptr<ListJourney> list, absl::Status status);

  ShardHost& host_;
  size_t running_ = 0;
  std::deque<std::unique_ptr<ListJourney>> waiting_;
};

}  // namespace memgrid::grid
