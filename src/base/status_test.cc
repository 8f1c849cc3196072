#include "base/status.h"

#include "gtest/gtest.h"

namespace memgrid::base {
namespace {

TEST(Status, TextIsJoinedFromItsParts) {
  const absl::Status status = OutOfRange("offset ", 7, " is past the end (", 5, ")");
  EXPECT_EQ(status.code(), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(status.message(), "offset 7 is past the end (5)");
}

TEST(Status, RetryHintTravelsWithTheStatus) {
  const absl::Status status = WithRetryAfter(Unavailable("busy"), 250);
  EXPECT_EQ(RetryAfterMs(status), 250);
  EXPECT_EQ(RetryAfterMs(Annotate(status, "store default: ")), 250);
  EXPECT_EQ(Annotate(status, "store default: ").message(), "store default: busy");
  EXPECT_EQ(RetryAfterMs(Unavailable("busy")), std::nullopt);
  EXPECT_EQ(RetryAfterMs(WithRetryAfter(Unavailable("busy"), -5)), 0);
  EXPECT_EQ(RetryAfterMs(WithRetryAfter(absl::OkStatus(), 5)), std::nullopt);
}

absl::Status Twice(const absl::Status& first, const absl::Status& second) {
  MEMGRID_RETURN_IF_ERROR(first);
  MEMGRID_RETURN_IF_ERROR(second);
  return absl::OkStatus();
}

TEST(Status, ReturnIfErrorStopsAtTheFirst) {
  EXPECT_TRUE(Twice(absl::OkStatus(), absl::OkStatus()).ok());
  EXPECT_EQ(Twice(NotFound("a"), Internal("b")), NotFound("a"));
  EXPECT_EQ(Twice(absl::OkStatus(), Internal("b")), Internal("b"));
}

}  // namespace
}  // namespace memgrid::base
