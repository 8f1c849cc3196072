// The table of the server's metrics, and where each figure comes from.

#pragma once

#include <vector>

#include "frontend/grpc/server.h"
#include "frontend/http/http.h"
#include "grid/grid.h"
#include "observe/metrics.h"

namespace memgrid::server {

// Every row: what the front ends and the grid declare beside their counters, and what is told of
// stores.
std::vector<observe::MetricRow> MetricTable();

// One collector each. What they ask outlives `metrics`' last scrape.
void ReportGrpc(observe::Metrics& metrics, const frontend::grpc::Server& server);
void ReportHttp(observe::Metrics& metrics, const frontend::http::Server& server);
void ReportGrid(observe::Metrics& metrics, const grid::Grid& grid);
void ReportLoops(observe::Metrics& metrics, const env::LoopGroup& loops);

}  // namespace memgrid::server
