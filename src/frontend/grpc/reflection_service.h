// Server reflection, v1 and v1alpha: tells tools which services there are and hands out the .proto files that declare
// them, from the descriptors that are linked into the program.

#pragma once

#include <string>
#include <vector>

#include "frontend/grpc/call.h"

namespace memgrid::frontend::grpc {

// Both versions of the service; `names` are the services to be listed.
std::vector<Service> MakeReflectionServices(std::vector<std::string> names);

}  // namespace memgrid::frontend::grpc
