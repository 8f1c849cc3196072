// memgrid's services over gRPC: bytes of messages become requests of the grid, and its answers
// bytes again.

#pragma once

#include <vector>

#include "frontend/grpc/call.h"

namespace memgrid::grid {
class Grid;
}

namespace memgrid::frontend::grpc {

// memgrid.v1: KeyValueService, MemoryService and AdminService, for Server. `grid` outlives the
// server.
std::vector<Service> MakeServices(grid::Grid& grid);

// One each, in files of their own.
Service MakeKeyValueService(grid::Grid& grid);
Service MakeMemoryService(grid::Grid& grid);
Service MakeAdminService(grid::Grid& grid);

}  // namespace memgrid::frontend::grpc
