// errno in memgrid's words.

#pragma once

#include <string_view>

#include "absl/status/status.h"

namespace memgrid::env::internal {

// "WHAT: Permission denied" with the code that env/disk.h promises for `error` (an errno, > 0).
absl::Status DiskError(int error, std::string_view what);

// The same with the system's words alone and UNAVAILABLE, as env/network.h promises.
absl::Status NetworkError(int error, std::string_view what);

// What the system calls `error`. Any thread.
std::string_view ErrorText(int error);

}  // namespace memgrid::env::internal
