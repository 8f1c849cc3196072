#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <sstream>

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

TEST(MetricsTest, CountersAreSummedOverLoops) {
  Metrics metrics(2);
  metrics.Add(0, Counter::kHttpRequests);
  metrics.Add(1, Counter::kHttpRequests, 41);
  EXPECT_EQ(metrics.Sum(Counter::kHttpRequests), 42u);
  EXPECT_THAT(
      metrics.Text(),
      HasSubstr("# TYPE memgrid_http_requests_total counter\nmemgrid_http_requests_total 42"));
}

TEST(MetricsTest, CollectorsGiveLabelledSamples) {
  Metrics metrics(1);
  metrics.AddCollector([](std::vector<Sample>& out) {
    out.push_back({"memgrid_store_keys", 7, {{"store", "default"}}});
  });
  EXPECT_THAT(metrics.Text(), HasSubstr("memgrid_store_keys{store=\"default\"} 7"));
}

TEST(MetricsTest, AFigureThatIsNotInTheTableStopsTheProcess) {
  Metrics metrics(1);
  metrics.AddCollector([](std::vector<Sample>& out) {
    out.push_back({"memgrid_nonsense", 1, {}});
  });
  EXPECT_DEATH(metrics.Text(), "memgrid_nonsense");
}

TEST(MetricsTest, RowsAreWellFormed) {
  std::set<std::string_view> names;
  for (const MetricRow& row : Metrics::Rows()) {
    EXPECT_TRUE(names.insert(row.name).second) << row.name;
    EXPECT_TRUE(row.name.starts_with("memgrid_")) << row.name;
    EXPECT_EQ(row.kind == MetricKind::kCounter, row.name.ends_with("_total")) << row.name;
    EXPECT_FALSE(row.help.empty() || row.unit.empty()) << row.name;
  }
}

TEST(MetricsTest, TheReferencePageIsTheTable) {
  std::ifstream in(MEMGRID_SOURCE_DIR "/docs/reference/metrics.md");
  std::stringstream page;
  page << in.rdbuf();
  EXPECT_EQ(page.str(), Metrics::Reference()) << "the page must be:\n" << Metrics::Reference();
}

}  // namespace
}  // namespace memgrid::observe
