// Errors with a text that is joined from its parts, and the hint when to try again.
//
//   return base::InvalidArgument("key is ", key.size(), " bytes long; at most 1024 are allowed");
//
// Three kinds: the caller's (a status that names the argument and the limit), the moment's (a
// status with a retry hint), ours (a CHECK: the process stops and says what it saw).

#pragma once

#include <cstdint>
#include <optional>

#include "absl/status/status.h"
#include "base/strings.h"

namespace memgrid::base {

// One function a code; the arguments are those of base::StrCat.
#define MEMGRID_STATUS_MAKER(Name)                    \
  template <typename... Parts>                        \
  absl::Status Name(const Parts&... parts) {          \
    return absl::Name##Error(base::StrCat(parts...)); \
  }
MEMGRID_STATUS_MAKER(Aborted)
MEMGRID_STATUS_MAKER(AlreadyExists)
MEMGRID_STATUS_MAKER(Cancelled)
MEMGRID_STATUS_MAKER(DataLoss)
MEMGRID_STATUS_MAKER(DeadlineExceeded)
MEMGRID_STATUS_MAKER(FailedPrecondition)
MEMGRID_STATUS_MAKER(Internal)
MEMGRID_STATUS_MAKER(InvalidArgument)
MEMGRID_STATUS_MAKER(NotFound)
MEMGRID_STATUS_MAKER(OutOfRange)
MEMGRID_STATUS_MAKER(PermissionDenied)
MEMGRID_STATUS_MAKER(ResourceExhausted)
MEMGRID_STATUS_MAKER(Unauthenticated)
MEMGRID_STATUS_MAKER(Unavailable)
MEMGRID_STATUS_MAKER(Unimplemented)
#undef MEMGRID_STATUS_MAKER

// `status` with the hint that a retry makes sense in `ms` (>= 0) milliseconds. OK stays as it is.
absl::Status WithRetryAfter(absl::Status status, int64_t ms);

// The hint of `status`, if it has one.
std::optional<int64_t> RetryAfterMs(const absl::Status& status);

// The same status with `prefix` before its text; payloads stay. OK stays as it is.
absl::Status Annotate(const absl::Status& status, std::string_view prefix);

}  // namespace memgrid::base

// Leaves the enclosing function with the status of `expression` unless it is OK.
#define MEMGRID_RETURN_IF_ERROR(expression)                                 \
  do {                                                                      \
    if (absl::Status memgrid_status = (expression); !memgrid_status.ok()) { \
      return memgrid_status;                                                \
    }                                                                       \
  } while (false)
