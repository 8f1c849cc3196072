#include "base/status.h"

#include <algorithm>
#include <string>
#include <string_view>

#include "absl/strings/cord.h"
#include "absl/strings/numbers.h"

namespace memgrid::base {
namespace {

constexpr absl::string_view kRetryUrl = "memgrid/retry-after-ms";

}  // namespace

absl::Status WithRetryAfter(absl::Status status, int64_t ms) {
  status.SetPayload(kRetryUrl, absl::Cord(base::StrCat(std::max<int64_t>(ms, 0))));
  return status;
}

std::optional<int64_t> RetryAfterMs(const absl::Status& status) {
  const auto payload = status.GetPayload(kRetryUrl);
  int64_t ms;
  if (!payload.has_value() || !absl::SimpleAtoi(std::string(*payload), &ms)) return std::nullopt;
  return ms;
}

absl::Status Annotate(const absl::Status& status, std::string_view prefix) {
  if (status.ok()) return status;
  absl::Status annotated(status.code(), base::StrCat(prefix, status.message()));
  status.ForEachPayload([&annotated](absl::string_view url, const absl::Cord& payload) {
    annotated.SetPayload(url, payload);
  });
  return annotated;
}

}  // namespace memgrid::base
