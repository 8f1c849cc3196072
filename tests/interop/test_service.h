// grpc.testing.TestService on our layer, for other people's interoperability clients; and memgrid.v1.KeyValueService
// answered without an engine, which shows what the layer alone costs.

#pragma once

#include "frontend/grpc/call.h"

namespace memgrid::interop {

frontend::grpc::Service MakeTestService();

// GetKey answers 100 bytes for every key, PutKey takes everything and keeps nothing.
frontend::grpc::Service MakeEngineFreeService();

}  // namespace memgrid::interop
