#include "storage/shadow/stripe_files.h"

#include <algorithm>
#include <span>
#include <utility>

#include "base/reserved_memory.h"
#include "base/status.h"
#include "base/units.h"

namespace memgrid::storage {
namespace {

// Headers of a set in which nothing was ever written: its creation may have been cut short.
constexpr uint64_t kFirstGeneration = 1;

std::string_view FolderOf(std::string_view path) {
  const size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? std::string_view() : path.substr(0, slash);
}

// Reads what lies at `offset` as a copy of the header, with the table behind it as far as the file goes.
absl::StatusOr<HeaderFound> ReadCopy(StripeFile& stripe, uint64_t offset, base::ReservedMemory& buffer, StripeHeader* header,
                                     uint16_t* major) {
  if (offset + kStripeHeaderBytes > stripe.size) return HeaderFound::kForeign;
  const uint64_t bytes = std::min<uint64_t>(buffer.size(), (stripe.size - offset) / 4096 * 4096);
  if (absl::Status read = stripe.file->ReadNow(offset, std::span<char>(buffer.data(), bytes)); !read.ok()) {
    return base::Annotate(read, base::StrCat(stripe.path, ": corrupt: its header cannot be read: "));
  }
  return ReadStripeHeader({buffer.data(), bytes}, header, major);
}

absl::Status Refuse(const StripeFile& stripe, HeaderFound found, uint16_t major) {
  switch (found) {
    case HeaderFound::kVersion:
      return base::FailedPrecondition(stripe.path, ": foreign: its format version ", major, " is not known to this server (version)");
    case HeaderFound::kChecksum:
      return base::DataLoss(stripe.path, ": checksum: both copies of its header have changed");
    case HeaderFound::kBlank:
      return base::DataLoss(stripe.path, ": corrupt: its first copy of the header is blank and there is no second");
    default:
      return base::FailedPrecondition(stripe.path, ": foreign: it is no shadow file of memgrid");
  }
}

// Where the second copy lies depends on the size of wblocks, which only the copies tell.
absl::Status ReadHeader(StripeFile& stripe) {
  auto buffer = base::ReservedMemory::Reserve(kStripeHeaderBytes + kMaxShards * kShardEntryBytes);
  if (!buffer.ok()) return buffer.status();
  uint16_t major = 0;
  auto first = ReadCopy(stripe, 0, *buffer, &stripe.header, &major);
  if (!first.ok()) return first.status();
  bool good = *first == HeaderFound::kGood;
  bool all_blank = *first == HeaderFound::kBlank;
  for (int shift = 14; shift <= 23; ++shift) {
    StripeHeader second;
    uint16_t second_major = 0;
    auto found = ReadCopy(stripe, uint64_t{1} << (shift - 1), *buffer, &second, &second_major);
    if (!found.ok()) return found.status();
    if (*found == HeaderFound::kVersion) return Refuse(stripe, *found, second_major);
    if (*found != HeaderFound::kGood || second.wblock_shift != shift) continue;
    all_blank = false;
    if (good && stripe.header.generation >= second.generation) continue;
    stripe.header = std::move(second);
    stripe.other_copy = 0;
    good = true;
  }
  if (*first == HeaderFound::kVersion) return Refuse(stripe, *first, major);
  stripe.blank = !good && all_blank;
  return good || stripe.blank ? absl::OkStatus() : Refuse(stripe, *first, major);
}

absl::Status CheckMember(const StripeFile& stripe, size_t place, const std::vector<StripeFile>& files) {
  const StripeHeader& set = NewestHeader(files);
  const StripeHeader& header = stripe.header;
  if (header.uuid != set.uuid) return base::FailedPrecondition(stripe.path, ": foreign: it belongs to another store than ", files[0].path);
  if (header.stripe != place || header.stripes != files.size()) {
    return base::FailedPrecondition(stripe.path, ": foreign: it is stripe ", header.stripe, " of ", header.stripes,
                                    " and is listed as stripe ", place, " of ", files.size());
  }
  const bool same = header.wblock_shift == set.wblock_shift && header.io_shift == set.io_shift && header.shards == set.shards &&
                    header.wblocks == set.wblocks;
  if (!same) return base::DataLoss(stripe.path, ": corrupt: its sizes differ from those of the other stripes");
  const uint64_t bytes = header.wblocks << header.wblock_shift;
  if (stripe.size < bytes) {
    return base::DataLoss(stripe.path, ": truncated: it is ", base::FormatBytes(stripe.size), " long; its header says ",
                          base::FormatBytes(bytes));
  }
  if (stripe.file->io_unit() > (1u << header.io_shift)) {
    return base::FailedPrecondition(stripe.path, ": foreign: its device writes units of ", stripe.file->io_unit(),
                                    " bytes, the store was made for ", 1u << header.io_shift);
  }
  return absl::OkStatus();
}

absl::Status CheckSet(std::vector<StripeFile>& files) {
  const bool all_blank = std::all_of(files.begin(), files.end(), [](const StripeFile& f) { return f.blank; });
  if (all_blank) return absl::OkStatus();
  const bool any_blank = std::any_of(files.begin(), files.end(), [](const StripeFile& f) { return f.blank; });
  if (any_blank && NewestHeader(files).generation == kFirstGeneration) {
    for (StripeFile& stripe : files) stripe.blank = true;  // its creation was cut short: nothing was ever stored
    return absl::OkStatus();
  }
  for (size_t i = 0; i < files.size(); ++i) {
    if (files[i].blank) return base::DataLoss(files[i].path, ": corrupt: it is empty, and the store's other files are not");
    MEMGRID_RETURN_IF_ERROR(CheckMember(files[i], i, files));
  }
  return absl::OkStatus();
}

env::OpenOptions HowToOpen(const StoreOptions& options, bool create) {
  return {.create = create,
          .direct = options.direct_files ? env::OpenOptions::kRequire : env::OpenOptions::kTry,
          .sync = !options.disable_odsync};
}

absl::Status CreateUnnamed(const StoreOptions& options, env::Disk& disk, StripeFile& stripe) {
  const std::string path = UnnamedPath(stripe.path);
  if (!FolderOf(path).empty()) MEMGRID_RETURN_IF_ERROR(disk.MakeFolder(FolderOf(path)));
  if (disk.Exists(path)) MEMGRID_RETURN_IF_ERROR(disk.Remove(path));
  auto file = disk.Open(path, HowToOpen(options, /*create=*/true));
  if (!file.ok()) return base::Annotate(file.status(), base::StrCat(stripe.path, ": "));
  stripe.file = *std::move(file);
  stripe.size = 0;
  stripe.unnamed = true;
  return absl::OkStatus();
}

absl::Status OpenOne(const StoreOptions& options, env::Disk& disk, StripeFile& stripe) {
  auto file = disk.Open(stripe.path, HowToOpen(options, /*create=*/false));
  if (!file.ok()) return base::Annotate(file.status(), base::StrCat(stripe.path, ": "));
  stripe.file = *std::move(file);
  auto size = stripe.file->Size();
  if (!size.ok()) return base::Annotate(size.status(), base::StrCat(stripe.path, ": "));
  stripe.size = *size;
  stripe.blank = stripe.size == 0;
  if (stripe.blank) return absl::OkStatus();
  if (stripe.size < kStripeHeaderBytes) return base::DataLoss(stripe.path, ": truncated: it is ", stripe.size, " bytes long");
  return ReadHeader(stripe);
}

}  // namespace

std::string UnnamedPath(const std::string& path) { return path + ".new"; }

const StripeHeader& NewestHeader(const std::vector<StripeFile>& files) {
  const StripeHeader* newest = nullptr;
  for (const StripeFile& stripe : files) {
    if (!stripe.blank && (newest == nullptr || stripe.header.generation > newest->generation)) newest = &stripe.header;
  }
  return *newest;
}

absl::StatusOr<std::vector<StripeFile>> OpenStripeFiles(const StoreOptions& options, env::Disk& disk) {
  std::vector<StripeFile> files(options.files.size());
  std::string missing;
  bool any_used = false;
  for (size_t i = 0; i < files.size(); ++i) {
    files[i].path = options.files[i];
    files[i].blank = !disk.Exists(files[i].path);
    if (files[i].blank) {
      missing = files[i].path;
      continue;
    }
    MEMGRID_RETURN_IF_ERROR(OpenOne(options, disk, files[i]));
    any_used |= !files[i].blank && files[i].header.generation > kFirstGeneration;
  }
  if (any_used && !missing.empty()) {
    return base::FailedPrecondition(missing, ": truncated: it is not there, and the store's other files are");
  }
  MEMGRID_RETURN_IF_ERROR(CheckSet(files));
  for (StripeFile& stripe : files) {
    // A file of zeros that somebody made beforehand is used as it is.
    if (stripe.blank && (stripe.size == 0 || stripe.header.generation == kFirstGeneration)) {
      MEMGRID_RETURN_IF_ERROR(CreateUnnamed(options, disk, stripe));
    }
  }
  return files;
}

}  // namespace memgrid::storage
