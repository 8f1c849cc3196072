// What happened to the names that a list has not visited yet, so that a list of many slices shows
// one state: the one at its start.
//
// Threads: the owner of the shard.

#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/btree_map.h"
#include "storage/name.h"

namespace memgrid::grid {

// The journal of one list.
class Journal {
 public:
  static constexpr size_t kMostEntries = 65'536;

  Journal(uint32_t ns, storage::Space space, std::string prefix, std::string after)
      : ns_(ns), space_(space), prefix_(std::move(prefix)), after_(std::move(after)) {}

  // A name of (ns, space) appeared or vanished.
  void Note(uint32_t ns, storage::Space space, std::string_view name, bool was_there);
  // The shard's clock moved: names may have vanished that nobody names. The list starts again.
  void Break() { broken_ = true; }

  // Everything up to and including `name` has been visited.
  void Advance(std::string_view name);

  // Whether `name`, found in the index, was there at the start.
  bool WasThere(std::string_view name) const;
  // The first name behind `after`, not behind `until`, that was there at the start, as far as the
  // journal knows; empty: none. (It may be in the index again.)
  std::string_view NextRemoved(std::string_view after) const;

  // Too much happened, or unknown things did: what was emitted is of no use.
  bool broken() const { return broken_; }

 private:
  const uint32_t ns_;
  const storage::Space space_;
  const std::string prefix_;
  std::string after_;
  // Names behind `after_` that changed since the start, and whether they were there then.
  absl::btree_map<std::string, bool> was_there_;
  bool broken_ = false;
};

// The open journals of a shard.
class Journals {
 public:
  static constexpr size_t kMost = 8;

  bool open() const { return !journals_.empty(); }
  bool full() const { return journals_.size() >= kMost; }
  void Add(Journal* journal) { journals_.push_back(journal); }
  void Remove(Journal* journal) { std::erase(journals_, journal); }
  void Note(uint32_t ns, storage::Space space, std::string_view name, bool was_there) {
    for (Journal* journal : journals_) journal->Note(ns, space, name, was_there);
  }
  void Break() {
    for (Journal* journal : journals_) journal->Break();
  }

 private:
  std::vector<Journal*> journals_;
};

}  // namespace memgrid::grid
