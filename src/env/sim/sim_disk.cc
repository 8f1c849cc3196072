#include "env/sim/sim_disk.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/status.h"
#include "base/strings.h"
#include "env/sim/internal/sim_file.h"
#include "env/sim/internal/sim_host.h"
#include "env/sim/internal/sim_node.h"

namespace memgrid::env {

using internal::SimFile;
using internal::SimNode;

class SimFileLock final : public FileLock {
 public:
  SimFileLock(SimDisk& disk, std::string path)
      : disk_(disk), path_(std::move(path)), life_(disk.life()) {}
  ~SimFileLock() override {
    if (life_ == disk_.life()) disk_.locks_.erase(path_);
  }

 private:
  SimDisk& disk_;
  const std::string path_;
  const uint64_t life_;
};

namespace {

absl::Status NotFound(std::string_view what, const std::string& path) {
  return base::NotFound(what, path, ": No such file or directory");
}

absl::Status Gone() { return base::Unavailable("the simulated machine is off"); }

}  // namespace

SimDisk::SimDisk(internal::SimHost& host) : host_(host) { entries_.emplace("/", nullptr); }

SimDisk::~SimDisk() = default;

// "/a/b" for "/a/b/", "a//b" and the like; there is no current folder, or it is "/".
absl::StatusOr<std::string> SimDisk::Normalize(std::string_view path) const {
  if (path.empty() || path.find('\0') != std::string_view::npos) {
    return base::InvalidArgument("a path is empty or has a NUL byte in it");
  }
  std::string normal;
  while (!path.empty()) {
    const size_t slash = std::min(path.find('/'), path.size());
    const std::string_view part = path.substr(0, slash);
    path.remove_prefix(std::min(slash + 1, path.size()));
    if (part.empty() || part == ".") continue;
    if (part == "..") return base::InvalidArgument("a simulated path has no \"..\"");
    normal += base::StrCat("/", part);
  }
  return normal.empty() ? "/" : normal;
}

bool SimDisk::IsFolder(const std::string& path) const {
  const auto found = entries_.find(path);
  return found != entries_.end() && found->second == nullptr;
}

absl::Status SimDisk::CheckParent(const std::string& path) const {
  const std::string parent = path.substr(0, std::max<size_t>(path.find_last_of('/'), 1));
  return IsFolder(parent) ? absl::OkStatus() : NotFound("folder ", parent);
}

absl::StatusOr<std::unique_ptr<File>> SimDisk::Open(std::string_view path,
                                                    const OpenOptions& options) {
  const absl::StatusOr<std::string> name = Normalize(path);
  if (!name.ok()) return name.status();
  if (IsFolder(*name)) return base::InvalidArgument("opening ", *name, ": it is a folder");
  if (!entries_.contains(*name)) {
    if (!options.create || options.read_only) return NotFound("opening ", *name);
    MEMGRID_RETURN_IF_ERROR(CheckParent(*name));
    if (!Happens()) return Gone();
    entries_.emplace(*name, std::make_shared<SimNode>());
  }
  return std::make_unique<SimFile>(*this, entries_.at(*name), std::string(path), options);
}

absl::StatusOr<std::unique_ptr<FileLock>> SimDisk::Lock(std::string_view path) {
  const absl::StatusOr<std::string> name = Normalize(path);
  if (!name.ok()) return name.status();
  MEMGRID_RETURN_IF_ERROR(CheckParent(*name));
  if (host_.crashed) return Gone();
  if (!locks_.insert(*name).second) {
    return base::FailedPrecondition(path, " is locked by process ", host_.number());
  }
  entries_.try_emplace(*name, std::make_shared<SimNode>());
  return std::make_unique<SimFileLock>(*this, *name);
}

absl::Status SimDisk::MakeFolder(std::string_view path) {
  const absl::StatusOr<std::string> name = Normalize(path);
  if (!name.ok()) return name.status();
  for (size_t at = name->find('/', 1);; at = name->find('/', at + 1)) {
    const std::string folder = name->substr(0, at);
    if (entries_.contains(folder)) {
      if (!IsFolder(folder)) {
        return base::AlreadyExists("making folder ", *name, ": ", folder, " is a file");
      }
    } else {
      if (!Happens()) return Gone();
      entries_.emplace(folder, nullptr);
    }
    if (at == std::string::npos) return absl::OkStatus();
  }
}

absl::StatusOr<std::vector<std::string>> SimDisk::List(std::string_view folder) {
  const absl::StatusOr<std::string> name = Normalize(folder);
  if (!name.ok()) return name.status();
  if (!IsFolder(*name)) return NotFound("listing ", *name);
  const std::string prefix = *name == "/" ? "/" : base::StrCat(*name, "/");
  std::vector<std::string> names;
  for (auto it = entries_.upper_bound(prefix); it != entries_.end(); ++it) {
    if (it->first.compare(0, prefix.size(), prefix) != 0) break;
    const std::string rest = it->first.substr(prefix.size());
    if (rest.find('/') == std::string::npos) names.push_back(rest);
  }
  return names;
}

bool SimDisk::Exists(std::string_view path) {
  const absl::StatusOr<std::string> name = Normalize(path);
  return name.ok() && entries_.contains(*name);
}

absl::Status SimDisk::Remove(std::string_view path) {
  const absl::StatusOr<std::string> name = Normalize(path);
  if (!name.ok()) return name.status();
  const auto found = entries_.find(*name);
  if (found == entries_.end()) return NotFound("removing ", *name);
  if (found->second == nullptr && (*name == "/" || !List(*name)->empty())) {
    return base::FailedPrecondition("removing ", *name, ": Directory not empty");
  }
  if (!Happens()) return Gone();
  if (found->second != nullptr) Drop(*found->second);
  entries_.erase(found);
  return absl::OkStatus();
}

absl::Status SimDisk::Rename(std::string_view from, std::string_view to) {
  const absl::StatusOr<std::string> source = Normalize(from), target = Normalize(to);
  if (!source.ok()) return source.status();
  if (!target.ok()) return target.status();
  const auto found = entries_.find(*source);
  if (found == entries_.end()) return NotFound("renaming ", *source);
  MEMGRID_RETURN_IF_ERROR(CheckParent(*target));
  if (found->second == nullptr || IsFolder(*target)) {
    return base::Unimplemented("a simulated disk renames files only, not ", *source);
  }
  if (*source == *target) return absl::OkStatus();
  if (!Happens()) return Gone();
  Node node = std::move(found->second);
  entries_.erase(found);
  Node& place = entries_[*target];
  if (place != nullptr) Drop(*place);
  place = std::move(node);
  return absl::OkStatus();
}

absl::StatusOr<std::string> SimDisk::ReadWhole(std::string_view path, uint64_t limit) {
  OpenOptions options;
  options.read_only = true;
  options.direct = OpenOptions::kNever;
  const absl::StatusOr<std::unique_ptr<File>> file = Open(path, options);
  if (!file.ok()) return file.status();
  const uint64_t size = *(*file)->Size();
  if (size > limit) return base::OutOfRange(path, " is longer than ", limit, " bytes");
  std::string text(size, '\0');
  MEMGRID_RETURN_IF_ERROR((*file)->ReadNow(0, text));
  return text;
}

void SimDisk::Flip(std::string_view path, uint64_t offset, int bit) {
  const auto found = entries_.find(Normalize(path).value_or(""));
  MEMGRID_CHECK(found != entries_.end() && found->second != nullptr, "no file ", path);
  MEMGRID_CHECK(offset < found->second->size() && bit >= 0 && bit < 8, "no bit ", bit, " at ",
                offset, " of ", path);
  char byte;
  found->second->Read(offset, {&byte, 1});
  byte = static_cast<char>(byte ^ (1 << bit));
  found->second->Write(offset, {&byte, 1});
}

void SimDisk::FailRange(std::string_view path, uint64_t begin, uint64_t end, bool reads,
                        bool writes) {
  bad_ranges_.push_back({Normalize(path).value_or(""), begin, end, reads, writes});
}

bool SimDisk::IsBad(const std::string& path, uint64_t begin, uint64_t end, bool write) const {
  const std::string name = Normalize(path).value_or("");
  return std::any_of(bad_ranges_.begin(), bad_ranges_.end(), [&](const BadRange& range) {
    return (write ? range.writes : range.reads) && range.path == name && begin < range.end &&
           range.begin < end;
  });
}

absl::Status SimDisk::Allocate(SimNode& node, uint64_t offset, uint64_t size) {
  if (!node.linked) return absl::OkStatus();
  const uint64_t needed = node.MissingPages(offset, size) * SimNode::kPage;
  if (needed > faults_.capacity || used_ > faults_.capacity - needed) {
    return base::ResourceExhausted("the simulated disk of ", host_.name(), " is full: ", used_,
                                   " of ", faults_.capacity, " bytes used, ", needed, " needed");
  }
  if (needed == 0) return absl::OkStatus();
  used_ += needed;
  node.Take(offset, size);
  return absl::OkStatus();
}

void SimDisk::Resize(SimNode& node, uint64_t size) {
  const uint64_t before = node.pages();
  node.Resize(size);
  if (node.linked) used_ -= (before - node.pages()) * SimNode::kPage;
}

void SimDisk::Drop(SimNode& node) {
  used_ -= node.pages() * SimNode::kPage;
  node.linked = false;
}

}  // namespace memgrid::env
