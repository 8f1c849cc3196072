// AdminService: what an operator asks (proto/memgrid/v1/admin.proto).

#include <string>
#include <utility>

#include "frontend/grpc/service_call.h"
#include "frontend/grpc/services.h"
#include "memgrid/v1/admin.pb.h"

namespace memgrid::frontend::grpc {
namespace {

void Fill(const grid::StripeReport& from, uint32_t number, v1::StripeReport* to) {
  to->set_number(number);
  to->set_path(from.path);
  to->set_wblocks(from.wblocks);
  to->set_free_wblocks(from.free_wblocks);
  to->set_open_wblocks(from.open_wblocks);
  to->set_sealed_wblocks(from.sealed_wblocks);
  to->set_quarantined_wblocks(from.quarantined_wblocks);
  to->set_read_only(from.read_only);
  to->set_read_only_reason(from.read_only_reason);
  to->set_occupancy(from.occupancy);
  to->set_unflushed_bytes(from.unflushed_bytes);
}

void Fill(const grid::ShardReport& from, uint32_t number, v1::ShardReport* to) {
  to->set_number(number);
  to->set_applied(from.applied);
  to->set_persisted(from.persisted);
  to->set_recorded(from.recorded);
  to->set_clock_ms(from.clock_ms);
  to->set_keys(from.keys);
  to->set_tombstones(from.tombstones);
  to->set_state(from.damaged ? "damaged" : "serving");
}

void Fill(const grid::StoreReport& from, v1::StoreReport* to) {
  to->set_name(from.name);
  to->set_durability(from.durability);
  to->set_wblock_bytes(from.wblock_bytes);
  to->set_capacity_bytes(from.capacity_bytes);
  to->set_live_bytes(from.live_bytes);
  to->set_index_bytes(from.index_bytes);
  to->set_keys(from.keys);
  to->set_regions(from.regions);
  to->set_stop_writes(from.stop_writes);
  to->set_stop_writes_reason(from.stop_writes_reason);
  for (size_t i = 0; i < from.stripes.size(); ++i) {
    Fill(from.stripes[i], static_cast<uint32_t>(i), to->add_stripes());
  }
  for (size_t i = 0; i < from.shards.size(); ++i) {
    Fill(from.shards[i], static_cast<uint32_t>(i), to->add_shards());
  }
}

template <typename Response>
void AnswerWith(Call& call, Response& response) {
  response.mutable_status();
  Message message;
  message.head = response.SerializeAsString();
  Answer(call, std::move(message));
}

void ListNamespaces(grid::Grid& grid, Call& call, const grid::Context& context,
                    std::string_view prefix) {
  auto names = grid.ListNamespaces(context, prefix);
  if (!names.ok()) return Refuse(call, names.status());
  v1::ListNamespacesResponse response;
  for (std::string& name : *names) response.add_namespaces(std::move(name));
  AnswerWith(call, response);
}

void StoreStatus(grid::Grid& grid, Call& call, const grid::Context& context,
                 std::string_view store) {
  auto reports = grid.StoreStatus(context, store);
  if (!reports.ok()) return Refuse(call, reports.status());
  v1::StoreStatusResponse response;
  for (const grid::StoreReport& report : *reports) Fill(report, response.add_stores());
  AnswerWith(call, response);
}

using Question = void (*)(grid::Grid&, Call&, const grid::Context&, std::string_view text);

// A method whose request is one string.
Method Ask(grid::Grid& grid, std::string path, Question question) {
  Method method;
  method.path = std::move(path);
  method.unary = [&grid, question](Call& call, base::Buffer bytes) {
    grid::Context context;
    absl::Status status = ContextOf(grid, call, 0, &context);
    std::string_view text;
    if (status.ok()) status = DecodeText(bytes.view(), &text);
    if (!status.ok()) return Refuse(call, status);
    question(grid, call, context, text);
  };
  return method;
}

}  // namespace

Service MakeAdminService(grid::Grid& grid) {
  Service service;
  service.name = "memgrid.v1.AdminService";
  service.methods.push_back(Ask(grid, "/memgrid.v1.AdminService/ListNamespaces", &ListNamespaces));
  service.methods.push_back(Ask(grid, "/memgrid.v1.AdminService/StoreStatus", &StoreStatus));
  return service;
}

std::vector<Service> MakeServices(grid::Grid& grid) {
  std::vector<Service> services;
  services.push_back(MakeKeyValueService(grid));
  services.push_back(MakeMemoryService(grid));
  services.push_back(MakeAdminService(grid));
  return services;
}

}  // namespace memgrid::frontend::grpc
