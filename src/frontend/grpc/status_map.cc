#include "frontend/grpc/status_map.h"

#include <iterator>

#include "base/status.h"
#include "base/strings.h"
#include "frontend/grpc/protocol.h"

namespace memgrid::frontend::grpc {
namespace {

constexpr size_t kLongestText = 4096;

}  // namespace

std::string_view GrpcCode(absl::StatusCode code) {
  // Abseil numbers its codes as gRPC does; the table turns them into text.
  static constexpr std::string_view kText[] = {"0", "1", "2",  "3",  "4",  "5",  "6",  "7", "8",
                                               "9", "10", "11", "12", "13", "14", "15", "16"};
  auto number = static_cast<size_t>(code);
  return number < std::size(kText) ? kText[number] : kText[2];
}

StatusTrailers ToTrailers(const absl::Status& status) {
  StatusTrailers trailers{.code = GrpcCode(status.code()), .message = {}, .retry_after = std::nullopt};
  if (status.ok()) return trailers;
  trailers.message = PercentEncode(base::FromAbsl(status.message()).substr(0, kLongestText));
  trailers.retry_after = base::RetryAfterMs(status);
  return trailers;
}

}  // namespace memgrid::frontend::grpc
