// The two streaming calls of MemoryService.

#pragma once

#include <memory>

#include "frontend/grpc/call.h"
#include "grid/grid.h"

namespace memgrid::frontend::grpc {

// A range of any size in messages of at most 1 MiB, as fast as the client takes them.
std::unique_ptr<CallHandler> MakeMemoryReader(grid::Grid& grid, Call& call);

// Writes one after the other, each atomic; the client is held up while one is under way.
std::unique_ptr<CallHandler> MakeMemoryWriter(grid::Grid& grid, Call& call);

// ReadMemoryResponse; `offset` is 0 but in streams.
Message EncodeRead(std::string_view key, std::string_view ns, grid::MemoryAnswer& answer,
                   uint64_t offset);
// WriteMemoryResponse.
Message EncodeWritten(std::string_view key, std::string_view ns, uint64_t bytes, uint64_t version);

}  // namespace memgrid::frontend::grpc
