#include "env/posix/internal/errors.h"

#include <string.h>

#include <cerrno>
#include <string>

#include "base/strings.h"

namespace memgrid::env::internal {
namespace {

absl::StatusCode DiskCode(int error) {
  switch (error) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
      return absl::StatusCode::kResourceExhausted;
    case ENOENT:
    case ENOTDIR:
      return absl::StatusCode::kNotFound;
    case EACCES:
    case EPERM:
    case EROFS:
      return absl::StatusCode::kPermissionDenied;
    case EEXIST:
      return absl::StatusCode::kAlreadyExists;
    case EINVAL:
    case ENAMETOOLONG:
    case EISDIR:
    case ELOOP:
      return absl::StatusCode::kInvalidArgument;
    case EMFILE:
    case ENFILE:
    case ENOMEM:
      return absl::StatusCode::kUnavailable;
    case ENOTEMPTY:
    case EBUSY:
    case ETXTBSY:
    case EBADF:  // not open for this: read-only
      return absl::StatusCode::kFailedPrecondition;
    default:
      // EIO, ENODEV, EREMOTEIO, ESTALE ...: nothing is known of what was to be read or written.
      return absl::StatusCode::kDataLoss;
  }
}

}  // namespace

std::string_view ErrorText(int error) {
  const char* text = strerrordesc_np(error);
  return text == nullptr ? "unknown error" : text;
}

absl::Status DiskError(int error, std::string_view what) {
  return absl::Status(DiskCode(error), base::StrCat(what, ": ", ErrorText(error)));
}

absl::Status NetworkError(int error, std::string_view what) {
  return absl::UnavailableError(base::StrCat(what, ": ", ErrorText(error)));
}

}  // namespace memgrid::env::internal
