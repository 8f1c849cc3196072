#include "grid/list.h"

#include <algorithm>
#include <utility>

#include "base/status.h"
#include "grid/shard_host.h"
#include "grid/validation.h"

namespace memgrid::grid {
namespace {

constexpr size_t kNamesAClockReading = 64;
constexpr size_t kNameOverhead = 4;  // of a name in a message

uint64_t LimitOf(const List& request) {
  const uint64_t asked = request.limit.value_or(0);
  return asked == 0 ? kMaxPageNames : std::min(asked, kMaxPageNames);
}

}  // namespace

ListWalk::ListWalk(const storage::Shard& shard, const ListScope& scope, std::string_view after,
                   uint64_t limit)
    : shard_(shard), scope_(scope), after_(after), limit_(limit), position_(after) {}

void ListWalk::Restart() {
  position_ = after_;
  page_ = {};
  more_ = false;
}

bool ListWalk::Emit(std::string_view name) {
  const size_t bytes = page_.names.size() + kNameOverhead * page_.ends.size();
  if (page_.ends.size() >= limit_ || bytes + name.size() + kNameOverhead > kMaxPageBytes) {
    more_ = true;
    return false;
  }
  page_.names += name;
  page_.ends.push_back(static_cast<uint32_t>(page_.names.size()));
  return true;
}

bool ListWalk::EmitRemoved(const Journal& journal, std::string_view name) {
  std::string_view removed = journal.NextRemoved(position_);
  while (!removed.empty() && (name.empty() || removed < name)) {
    if (!Emit(removed)) return false;
    position_ = removed;
    removed = journal.NextRemoved(position_);
  }
  return true;
}

bool ListWalk::Slice(const env::Clock& clock, Journal* journal) {
  const env::Nanos end = clock.Monotonic() + kSliceTime;
  size_t visited = 0;
  bool full = false;
  const bool ended = shard_.List(
      scope_.ns, scope_.space, scope_.prefix, std::string(position_), [&](std::string_view name) {
        if (visited == kSliceNames) return false;
        if (visited != 0 && visited % kNamesAClockReading == 0 && clock.Monotonic() >= end) {
          return false;
        }
        ++visited;
        full = (journal != nullptr && !EmitRemoved(*journal, name)) ||
               ((journal == nullptr || journal->WasThere(name)) && !Emit(name));
        if (!full) position_ = name;
        return !full;
      });
  if (ended && !full && journal != nullptr) EmitRemoved(*journal, "");
  if (journal != nullptr) journal->Advance(position_);
  return ended || full;
}

ListJourney::ListJourney(ShardHost& to, int from, uint32_t number, storage::Space space,
                         const List& asked, base::Buffer&& backing, env::Nanos until,
                         Done<List, ListAnswer> then)
    : Journey(to, from, backing.size()),
      scope_{number, space, asked.prefix},
      request_(asked),
      bytes_(std::move(backing)),
      deadline_(until),
      done_(std::move(then)) {}

ListJourney::~ListJourney() = default;

void ListJourney::Run(std::unique_ptr<Journey> self) {
  const Freshness& asked = request_.freshness;
  host.replicator().WhenReadable(
      asked.consistency, asked.min_version, deadline_,
      [self = std::move(self)](const absl::Status& status) mutable {
        std::unique_ptr<ListJourney> list(static_cast<ListJourney*>(self.release()));
        ShardHost& at = list->host;
        if (status.ok()) {
          at.lists().Begin(std::move(list));
        } else {
          list->Fail(status);
          at.Return(std::move(list));
        }
      });
}

void ListJourney::Finish() {
  done_(status_, request_, status_.ok() && walk_ != nullptr ? walk_->page() : none_);
}

void Lists::Begin(std::unique_ptr<ListJourney> list) {
  if (running_ >= Journals::kMost) {
    if (waiting_.size() < kMostWaiting) {
      waiting_.push_back(std::move(list));
      return;
    }
    list->status_ = base::WithRetryAfter(base::Unavailable("too many lists wait"), 50);
    host_.Return(std::move(list));
    return;
  }
  ++running_;
  std::string_view after;
  if (!list->request_.cursor.empty()) {
    auto opened = OpenCursor(host_.state().secret(), list->scope_, list->request_.cursor);
    if (!opened.ok()) return End(std::move(list), opened.status());
    after = *opened;
  }
  list->seen_ = host_.shard().applied();
  list->walk_ =
      std::make_unique<ListWalk>(host_.shard(), list->scope_, after, LimitOf(list->request_));
  Step(std::move(list));
}

void Lists::Step(std::unique_ptr<ListJourney> list) {
  if (list->journal_ != nullptr && list->journal_->broken()) {
    if (++list->restarts_ > kMostRestarts) {
      return End(std::move(list), base::Aborted("the list was begun again ", kMostRestarts,
                                                " times because too much changed under it"));
    }
    Restart(*list);
  }
  if (list->walk_->Slice(host_.loop().clock(), list->journal_.get())) {
    return End(std::move(list), absl::OkStatus());
  }
  if (list->journal_ == nullptr) {
    list->journal_ =
        std::make_unique<Journal>(list->scope_.ns, list->scope_.space,
                                  std::string(list->scope_.prefix), list->walk_->position());
    host_.state().journals().Add(list->journal_.get());
  }
  host_.loop().Post([this, list = std::move(list)]() mutable { Step(std::move(list)); });
}

void Lists::Restart(ListJourney& list) {
  host_.counters().lists_restarted.Add();
  host_.state().journals().Remove(list.journal_.get());
  list.journal_ = nullptr;
  list.walk_->Restart();
  list.seen_ = host_.shard().applied();
}

void Lists::End(std::unique_ptr<ListJourney> list, absl::Status status) {
  if (list->journal_ != nullptr) {
    host_.state().journals().Remove(list->journal_.get());
    list->journal_ = nullptr;
  }
  list->status_ = std::move(status);
  if (list->status_.ok() && list->walk_->more()) {
    list->walk_->page().cursor =
        MakeCursor(host_.state().secret(), list->scope_, list->walk_->position());
  }
  const uint64_t seen = list->seen_;
  host_.ReturnDurable(std::move(list), seen);
  --running_;
  if (!waiting_.empty()) {
    std::unique_ptr<ListJourney> next = std::move(waiting_.front());
    waiting_.pop_front();
    Begin(std::move(next));
  }
}

void Lists::Stop() {
  while (!waiting_.empty()) {
    std::unique_ptr<ListJourney> list = std::move(waiting_.front());
    waiting_.pop_front();
    list->status_ = base::Unavailable("the server is stopping");
    host_.Return(std::move(list));
  }
}

}  // namespace memgrid::grid
