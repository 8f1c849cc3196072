#include "storage/free_marks.h"

#include <span>
#include <utility>

#include "base/endian.h"
#include "storage/mark.h"

namespace memgrid::storage {

void FreeMarks::Write(uint32_t wblock, bool second_first) {
  waiting_.push_back({wblock, second_first});
  Issue();
}

void FreeMarks::WhenIdle(absl::AnyInvocable<void()> done) {
  idle_ = std::move(done);
  if (idle()) std::exchange(idle_, nullptr)();
}

void FreeMarks::Issue() {
  while (in_flight_ < kMostInFlight && !waiting_.empty()) {
    Job job = waiting_.front();
    waiting_.pop_front();
    job.incarnation = shared_.next_incarnation.fetch_add(1, std::memory_order_relaxed);
    ++in_flight_;
    Send(job, job.second_first, /*last=*/false);
  }
}

// A life of a survivor stream that ended before its first record. It states nothing.
void FreeMarks::Send(const Job& job, bool second, bool last) {
  Wblocks& wblocks = *shared_.wblocks;
  const uint32_t unit = shared_.geometry.io_unit;
  const uint32_t stripe = wblocks.stripe(job.wblock);
  const uint32_t at = second ? unit : 0;
  Mark mark;
  mark.incarnation = job.incarnation;
  mark.shard = state_.number;
  mark.shard_epoch = state_.epoch;
  mark.stream = StreamKind::kSurvivor;
  mark.number = kFreeMarkNumber;
  mark.flushed = second ? kMarkBytes : 0;
  char* memory = wblocks.memory(job.wblock) + at;
  WriteMark(memory, mark, MarkPlace{shared_.set, stripe, wblocks.in_stripe(job.wblock), at});
  base::StoreLe64(memory + kMarkBytes, 0);
  const uint64_t offset = (uint64_t{wblocks.in_stripe(job.wblock)} << shared_.geometry.wblock_shift) + at;
  shared_.stripes[stripe].file->Write(offset, std::span<const char>(memory, unit),
                                      [this, job, second, last](const absl::Status& status) {
                                        if (status.ok() && !last) return Send(job, !second, /*last=*/true);
                                        Finish(job, status.ok());
                                      });
}

void FreeMarks::Finish(const Job& job, bool written) {
  --in_flight_;
  if (written) {
    shared_.wblocks->durable_incarnation(job.wblock).store(job.incarnation, std::memory_order_release);
  }
  shared_.pool.Add(job.wblock, /*ready=*/true);
  Issue();
  if (idle() && idle_) std::exchange(idle_, nullptr)();
}

}  // namespace memgrid::storage
