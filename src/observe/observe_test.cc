#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "observe/log.h"
#include "observe/metrics.h"

namespace memgrid::observe {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;

TEST(LogTest, AnEventIsOneLineWhateverItsValuesHold) {
  ::testing::internal::CaptureStderr();
  Info("stripe read-only",
       {{"path", "/d/a b"}, {"reason", "x\ny \"z\""}, {"tries", 3}, {"empty", ""}});
  const std::string line = ::testing::internal::GetCapturedStderr();
  EXPECT_THAT(
      line,
      EndsWith(
          "stripe read-only path=\"/d/a b\" reason=\"x\\x0ay \\\"z\\\"\" tries=3 empty=\"\"\n"));
  EXPECT_EQ(std::count(line.begin(), line.end(), '\n'), 1);
}

TEST(LogTest, EventsBelowTheLevelAreDropped) {
  ::testing::internal::CaptureStderr();
  Debug("not shown");
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
}

TEST(LogTest, ALimiterPassesOneASecond) {
  Limiter limiter;
  EXPECT_TRUE(limiter.Pass(5));
  EXPECT_FALSE(limiter.Pass(1'000'000'004));
  EXPECT_TRUE(limiter.Pass(1'000'000'005));
}

Metrics Small() {
  return Metrics({{"memgrid_grpc_calls_total", MetricKind::kCounter, "calls", "Calls."},
                  {"memgrid_store_keys", MetricKind::kGauge, "keys", "Keys."}});
}

TEST(MetricsTest, CollectorsGiveSamplesOfRows) {
  Metrics metrics = Small();
  metrics.AddCollector([](std::vector<Sample>& out) {
    out.push_back({"memgrid_grpc_calls_total", 42, {}});
    out.push_back({"memgrid_store_keys", 7, {{"store", "default"}}});
    out.push_back({"memgrid_store_keys", 8, {{"store", "other"}}});
  });
  const std::string text = metrics.Text();
  EXPECT_THAT(text,
              HasSubstr("# TYPE memgrid_grpc_calls_total counter\nmemgrid_grpc_calls_total 42"));
  EXPECT_THAT(text,
              HasSubstr("# TYPE memgrid_store_keys gauge\nmemgrid_store_keys{store=\"default\"} 7\n"
                        "memgrid_store_keys{store=\"other\"} 8"));
}

TEST(MetricsTest, AFigureThatIsNotInTheTableStopsTheProcess) {
  Metrics metrics = Small();
  metrics.AddCollector([](std::vector<Sample>& out) {
    out.push_back({"memgrid_nonsense", 1, {}});
  });
  EXPECT_DEATH(metrics.Text(), "memgrid_nonsense");
}

TEST(MetricsTest, ARowDeclaredTwiceStopsTheProcess) {
  const MetricRow row{"memgrid_a", MetricKind::kGauge, "", ""};
  EXPECT_DEATH(Metrics({row, row}), "memgrid_a");
}

}  // namespace
}  // namespace memgrid::observe
