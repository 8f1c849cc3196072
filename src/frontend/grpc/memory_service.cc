// MemoryService: regions (proto/memgrid/v1/memory.proto).

#include <utility>

#include "frontend/grpc/memory_stream.h"
#include "frontend/grpc/service_call.h"
#include "frontend/grpc/services.h"

namespace memgrid::frontend::grpc {
namespace {

// AllocateMemoryResponse, ResizeMemoryResponse: size_bytes = 3.
template <typename Request>
Message EncodeSized(const Request& request, const grid::WriteAnswer& answer) {
  return EncodeWritten(request.key, request.ns, answer.number, answer.version);
}

Message EncodeWriteMemory(const grid::WriteMemory& request, const grid::WriteAnswer& answer) {
  return EncodeWritten(request.key, request.ns, answer.number, answer.version);
}

Message EncodeReadMemory(const grid::ReadMemory& request, grid::MemoryAnswer& answer) {
  return EncodeRead(request.key, request.ns, answer, 0);
}

Message EncodeFree(const grid::FreeMemory& request, const grid::WriteAnswer& answer) {
  Message message;
  PutBytes(&message.head, 1, request.key);
  PutBytes(&message.head, 2, request.ns);
  PutSuccess(&message.head, 3);
  PutNumber(&message.head, 16, answer.version);
  return message;
}

Message EncodeDescribe(const grid::DescribeMemory& request, const grid::MemoryAnswer& answer) {
  Message message;
  PutBytes(&message.head, 1, request.key);
  PutBytes(&message.head, 2, request.ns);
  PutNumber(&message.head, 3, answer.size);
  PutNumber(&message.head, 4, answer.data_length);
  PutSuccess(&message.head, 5);
  PutNumber(&message.head, 16, answer.version);
  return message;
}

Message EncodeSwap(const grid::CompareAndSwapMemory& request, const grid::WriteAnswer& answer) {
  return EncodeWritten(request.key, request.ns, answer.swapped, answer.version);
}

Method ListRegions(grid::Grid& grid, std::string path) {
  Method method;
  method.path = std::move(path);
  method.unary = [&grid](Call& call, base::Buffer bytes) {
    Serve<grid::List, grid::ListAnswer, Effect::kReads, EncodeList>(
        grid, call, std::move(bytes),
        [](grid::Grid& to, const grid::Context& context, const grid::List& request,
           base::Buffer&& backing, auto&& done) {
          to.ListMemoryRegions(context, request, std::move(backing), std::move(done));
        });
  };
  return method;
}

Method Stream(grid::Grid& grid, std::string path,
              std::unique_ptr<CallHandler> (*make)(grid::Grid&, Call&)) {
  Method method;
  method.path = std::move(path);
  method.stream = [&grid, make](Call& call) { return make(grid, call); };
  return method;
}

}  // namespace

Service MakeMemoryService(grid::Grid& grid) {
  using grid::MemoryAnswer;
  using grid::WriteAnswer;
  const std::string name = "memgrid.v1.MemoryService";
  const std::string at = "/" + name + "/";
  Service service;
  service.name = name;
  auto& methods = service.methods;
  methods.push_back(
      Unary<grid::AllocateMemory, WriteAnswer, Effect::kWrites, EncodeSized<grid::AllocateMemory>>(
          grid, at + "AllocateMemory"));
  methods.push_back(Unary<grid::WriteMemory, WriteAnswer, Effect::kWrites, EncodeWriteMemory>(
      grid, at + "WriteMemory"));
  methods.push_back(Unary<grid::ReadMemory, MemoryAnswer, Effect::kReads, EncodeReadMemory>(
      grid, at + "ReadMemory"));
  methods.push_back(
      Unary<grid::ResizeMemory, WriteAnswer, Effect::kWrites, EncodeSized<grid::ResizeMemory>>(
          grid, at + "ResizeMemory"));
  methods.push_back(
      Unary<grid::FreeMemory, WriteAnswer, Effect::kWrites, EncodeFree>(grid, at + "FreeMemory"));
  methods.push_back(Unary<grid::DescribeMemory, MemoryAnswer, Effect::kReads, EncodeDescribe>(
      grid, at + "DescribeMemory"));
  methods.push_back(ListRegions(grid, at + "ListMemoryRegions"));
  methods.push_back(Unary<grid::CompareAndSwapMemory, WriteAnswer, Effect::kWrites, EncodeSwap>(
      grid, at + "CompareAndSwapMemory"));
  methods.push_back(Stream(grid, at + "StreamReadMemory", &MakeMemoryReader));
  methods.push_back(Stream(grid, at + "StreamWriteMemory", &MakeMemoryWriter));
  return service;
}

}  // namespace memgrid::frontend::grpc
