#include "grid/journal.h"

#include "base/strings.h"

namespace memgrid::grid {

void Journal::Note(uint32_t ns, storage::Space space, std::string_view name, bool was_there) {
  if (broken_ || ns != ns_ || space != space_ || !name.starts_with(prefix_) || name <= after_) {
    return;
  }
  if (was_there_.size() >= kMostEntries) {
    broken_ = true;
    was_there_.clear();
    return;
  }
  was_there_.try_emplace(std::string(name), was_there);  // the first change tells of the start
}

void Journal::Advance(std::string_view name) {
  after_ = name;
  was_there_.erase(was_there_.begin(), was_there_.upper_bound(base::ToAbsl(name)));
}

bool Journal::WasThere(std::string_view name) const {
  const auto at = was_there_.find(base::ToAbsl(name));
  return at == was_there_.end() || at->second;
}

std::string_view Journal::NextRemoved(std::string_view after) const {
  for (auto at = was_there_.upper_bound(base::ToAbsl(after)); at != was_there_.end(); ++at) {
    if (at->second) return at->first;
  }
  return {};
}

}  // namespace memgrid::grid
