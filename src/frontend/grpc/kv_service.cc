// KeyValueService: keys (proto/memgrid/v1/key_value.proto).

#include <utility>

#include "frontend/grpc/service_call.h"
#include "frontend/grpc/services.h"

namespace memgrid::frontend::grpc {
namespace {

Message EncodeCreateNamespace(const grid::CreateNamespace& request, const grid::WriteAnswer&) {
  Message message;
  PutBytes(&message.head, 1, request.ns);
  PutSuccess(&message.head, 2);
  return message;
}

Message EncodeGet(const grid::GetKey& request, grid::ValueAnswer& answer) {
  Message message;
  PutBytes(&message.head, 1, request.key);
  PutBytes(&message.head, 2, request.ns);
  if (answer.value.size > 0) PutBytesHead(&message.head, 3, answer.value.size);
  message.body = std::move(answer.value);
  PutSuccess(&message.tail, 4);
  PutNumber(&message.tail, 16, answer.version);
  return message;
}

// PutKeyResponse and DeleteKeyResponse.
template <typename Request>
Message EncodeWrite(const Request& request, const grid::WriteAnswer& answer) {
  Message message;
  PutBytes(&message.head, 1, request.key);
  PutSuccess(&message.head, 2);
  PutNumber(&message.head, 16, answer.version);
  return message;
}

Message EncodeSwap(const grid::CompareAndSwap& request, const grid::WriteAnswer& answer) {
  Message message;
  PutBytes(&message.head, 1, request.key);
  PutBytes(&message.head, 2, request.ns);
  PutNumber(&message.head, 3, answer.swapped);
  PutSuccess(&message.head, 4);
  PutNumber(&message.head, 16, answer.version);
  return message;
}

Method ListKeys(grid::Grid& grid, std::string path) {
  Method method;
  method.path = std::move(path);
  method.unary = [&grid](Call& call, base::Buffer bytes) {
    Serve<grid::List, grid::ListAnswer, Effect::kReads, EncodeList>(
        grid, call, std::move(bytes),
        [](grid::Grid& to, const grid::Context& context, const grid::List& request,
           base::Buffer&& backing,
           auto&& done) { to.ListKeys(context, request, std::move(backing), std::move(done)); });
  };
  return method;
}

}  // namespace

Service MakeKeyValueService(grid::Grid& grid) {
  using grid::WriteAnswer;
  const std::string name = "memgrid.v1.KeyValueService";
  const std::string at = "/" + name + "/";
  Service service;
  service.name = name;
  service.methods.push_back(
      Unary<grid::CreateNamespace, WriteAnswer, Effect::kWrites, EncodeCreateNamespace>(
          grid, at + "CreateNamespace"));
  service.methods.push_back(
      Unary<grid::GetKey, grid::ValueAnswer, Effect::kReads, EncodeGet>(grid, at + "GetKey"));
  service.methods.push_back(
      Unary<grid::PutKey, WriteAnswer, Effect::kWrites, EncodeWrite<grid::PutKey>>(grid,
                                                                                   at + "PutKey"));
  service.methods.push_back(
      Unary<grid::DeleteKey, WriteAnswer, Effect::kWrites, EncodeWrite<grid::DeleteKey>>(
          grid, at + "DeleteKey"));
  service.methods.push_back(ListKeys(grid, at + "ListKeys"));
  service.methods.push_back(Unary<grid::CompareAndSwap, WriteAnswer, Effect::kWrites, EncodeSwap>(
      grid, at + "CompareAndSwap"));
  return service;
}

}  // namespace memgrid::frontend::grpc
