// Requests of memgrid.v1 read where they lie, and answers written field by field.
//
// Decoding makes no copies: names and values are views of the message. It does what the generated
// classes do: fields may come in any order, the last one of a number wins, unknown ones and ones of
// another wire type are skipped. What no parser could read is INTERNAL, as gRPC has it. UTF-8 is
// checked by the grid. Thread-safe.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "grid/requests.h"

namespace memgrid::frontend::grpc {

// `timeout_ms` (0: none) of requests that have one.
absl::Status Decode(std::string_view message, grid::CreateNamespace* request);
absl::Status Decode(std::string_view message, grid::GetKey* request);
absl::Status Decode(std::string_view message, grid::PutKey* request);
absl::Status Decode(std::string_view message, grid::DeleteKey* request);
absl::Status Decode(std::string_view message, grid::CompareAndSwap* request);
// ListKeys and ListMemoryRegions.
absl::Status Decode(std::string_view message, grid::List* request);
absl::Status Decode(std::string_view message, grid::AllocateMemory* request);
absl::Status Decode(std::string_view message, grid::WriteMemory* request, uint64_t* timeout_ms);
// ReadMemory and StreamReadMemory.
absl::Status Decode(std::string_view message, grid::ReadMemory* request, uint64_t* timeout_ms);
absl::Status Decode(std::string_view message, grid::ResizeMemory* request, uint64_t* timeout_ms);
absl::Status Decode(std::string_view message, grid::FreeMemory* request, uint64_t* timeout_ms);
absl::Status Decode(std::string_view message, grid::DescribeMemory* request, uint64_t* timeout_ms);
absl::Status Decode(std::string_view message, grid::CompareAndSwapMemory* request,
                    uint64_t* timeout_ms);

// A message of StreamWriteMemory: names may be absent (empty), and so may the offset.
struct StreamWritePart {
  std::string_view key, ns, data;
  std::optional<uint64_t> offset;
  uint64_t timeout_ms = 0;
  grid::WriteId id;
};
absl::Status Decode(std::string_view message, StreamWritePart* part);

// The one string field (number 1) of ListNamespacesRequest and StoreStatusRequest.
absl::Status DecodeText(std::string_view message, std::string_view* text);

// --- answers: fields with their default value are left out, as the generated classes do ---

void PutBytes(std::string* to, uint32_t number, std::string_view bytes);
void PutNumber(std::string* to, uint32_t number, uint64_t value);
// Tag and length of a bytes field of `size` bytes, which follow.
void PutBytesHead(std::string* to, uint32_t number, size_t size);
// A Status of success.
void PutSuccess(std::string* to, uint32_t number);

}  // namespace memgrid::frontend::grpc
