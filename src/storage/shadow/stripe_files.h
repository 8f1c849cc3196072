// The shadow files of a store as they are found at start: opened, their headers read and compared. Changes nothing.

#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "env/disk.h"
#include "storage/options.h"
#include "storage/shadow/stripe_header.h"

namespace memgrid::storage {

struct StripeFile {
  std::string path;
  std::unique_ptr<env::File> file;
  uint64_t size = 0;
  bool blank = false;    // new, or never used
  bool unnamed = false;  // `file` lies under UnnamedPath(path): renamed once its headers are written
  StripeHeader header;   // unless blank
  int other_copy = 1;    // the copy that `header` was not read from
};

// A new file gets its name when it is a whole stripe: a crash while it is being made leaves nothing that could be mistaken.
std::string UnnamedPath(const std::string& path);

// Opens all files of `options`, in order; files that are not there are created empty and unnamed, but only if none of them
// holds anything. Blocks: for start-up.
//
// FAILED_PRECONDITION or DATA_LOSS, the text beginning with the path: `truncated` (shorter than its header says),
// `foreign` (something else, another set, another place in the set, or a format version that is not known), `checksum`
// (both copies of the header have changed), `corrupt` (a stripe of a set that is in use has no header).
absl::StatusOr<std::vector<StripeFile>> OpenStripeFiles(const StoreOptions& options, env::Disk& disk);

// The set's header: that of greatest generation. Precondition: not all are blank.
const StripeHeader& NewestHeader(const std::vector<StripeFile>& files);

}  // namespace memgrid::storage
