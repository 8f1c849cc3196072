#include "base/qsbr.h"

#include "base/check.h"

namespace memgrid::base {

Qsbr::Qsbr(int loops) : loops_(loops) {
  MEMGRID_CHECK(loops >= 1 && loops <= kMaxLoops, "a Qsbr for ", loops, " loops");
  lines_ = std::make_unique<Line[]>(loops);
}

uint64_t Qsbr::Now() {
  // A loop that reads the raised epoch (acquire) also sees the unlink that came before this raise,
  // so whatever it reads afterwards is not what was unlinked.
  return epoch_.fetch_add(1, std::memory_order_acq_rel);
}

bool Qsbr::Passed(uint64_t stamp) const {
  for (int i = 0; i < loops_; ++i) {
    // Acquire: what the loop read before it said so happened before the caller frees.
    if (lines_[i].seen.load(std::memory_order_acquire) <= stamp) return false;
  }
  return true;
}

void Qsbr::Back(int loop) {
  // The loop's own line must be visible before it reads shared pointers, or a reclaimer could take
  // it for away while it reads what is being freed. Both sides change epoch_ by read-modify-write,
  // and one of the two comes first: if ours, the reclaimer's Now sees our line; if the reclaimer's,
  // we see the unlink that preceded it.
  lines_[loop].seen.store(epoch_.load(std::memory_order_acquire), std::memory_order_release);
  epoch_.fetch_add(1, std::memory_order_acq_rel);
}

}  // namespace memgrid::base
