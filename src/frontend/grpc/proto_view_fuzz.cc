// Requests as anybody could send them: decoded or refused, by every decoder, and never outside of
// their bytes.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "frontend/grpc/proto_view.h"

namespace memgrid::frontend::grpc {
namespace {

void Inside(std::string_view message, std::string_view view) {
  if (view.empty()) return;
  MEMGRID_CHECK(
      view.data() >= message.data() && view.data() + view.size() <= message.data() + message.size(),
      "a field lies outside of its message");
}

template <typename Request>
void TryOne(std::string_view message) {
  Request request;
  uint64_t timeout_ms = 0;
  if constexpr (requires { Decode(message, &request, &timeout_ms); }) {
    if (!Decode(message, &request, &timeout_ms).ok()) return;
  } else {
    if (!Decode(message, &request).ok()) return;
  }
  Inside(message, request.ns);
  if constexpr (requires { request.key; }) Inside(message, request.key);
  if constexpr (requires { request.value; }) Inside(message, request.value);
  if constexpr (requires { request.data; }) Inside(message, request.data);
  if constexpr (requires { request.expected; }) Inside(message, request.expected);
  if constexpr (requires { request.cursor; }) Inside(message, request.cursor);
  if constexpr (requires { request.id; }) Inside(message, request.id.client_id);
}

template <typename... Requests>
void TryAll(std::string_view message) {
  (TryOne<Requests>(message), ...);
}

}  // namespace
}  // namespace memgrid::frontend::grpc

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  namespace grid = memgrid::grid;
  namespace front = memgrid::frontend::grpc;
  const std::string_view message(reinterpret_cast<const char*>(data), size);
  front::TryAll<grid::CreateNamespace, grid::GetKey, grid::PutKey, grid::DeleteKey,
                grid::CompareAndSwap, grid::List, grid::AllocateMemory, grid::WriteMemory,
                grid::ReadMemory, grid::ResizeMemory, grid::FreeMemory, grid::DescribeMemory,
                grid::CompareAndSwapMemory, front::StreamWritePart>(message);
  std::string_view text;
  if (front::DecodeText(message, &text).ok()) front::Inside(message, text);
  return 0;
}
