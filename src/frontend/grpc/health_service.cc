#include "frontend/grpc/health_service.h"

#include <utility>

#include "base/status.h"
#include "grpc/health/v1/health.pb.h"

namespace memgrid::frontend::grpc {
namespace {

using ::grpc::health::v1::HealthCheckRequest;
using ::grpc::health::v1::HealthCheckResponse;

Message Answer(int status) {
  HealthCheckResponse response;
  response.set_status(static_cast<HealthCheckResponse::ServingStatus>(status));
  return Message{.head = response.SerializeAsString(), .body = {}, .tail = {}};
}

absl::Status Unreadable() { return absl::InvalidArgumentError("the request is no grpc.health.v1.HealthCheckRequest"); }

}  // namespace

// One client that watches one name.
class HealthWatch final : public CallHandler {
 public:
  HealthWatch(HealthService& health, Call& call) : health_(health), call_(call) {
    health_.watches_[static_cast<size_t>(call_.loop().index())].push_back(this);
  }
  ~HealthWatch() override {
    std::erase(health_.watches_[static_cast<size_t>(call_.loop().index())], this);
  }

  void OnMessage(base::Buffer message) override {
    HealthCheckRequest request;
    if (asked_ || !request.ParseFromArray(message.data(), static_cast<int>(message.size()))) {
      return call_.Finish(Unreadable());
    }
    asked_ = true;
    name_ = request.service();
    Tell();
  }
  void OnHalfClose() override {
    if (!asked_) call_.Finish(Unreadable());
  }
  void OnDrained() override { Tell(); }
  void OnDone(const absl::Status&) override { over_ = true; }

  // Sends the status if it is news; a client that does not read gets the last one later.
  void Tell() {
    if (over_ || !asked_ || call_.full()) return;
    int status = health_.StatusOf(name_);
    if (status == 0) status = HealthCheckResponse::SERVICE_UNKNOWN;
    if (status == told_) return;
    told_ = status;
    call_.Send(Answer(status));
  }
  void End() {
    if (over_) return;
    Tell();
    over_ = true;
    call_.Finish(absl::UnavailableError("the server is shutting down"));
  }
  const std::string& name() const { return name_; }

 private:
  HealthService& health_;
  Call& call_;
  std::string name_;
  int told_ = 0;
  bool asked_ = false;
  bool over_ = false;
};

HealthService::HealthService(env::LoopGroup& loops, const std::vector<std::string>& names)
    : loops_(loops), watches_(static_cast<size_t>(loops.size())) {
  absl::MutexLock lock(&mutex_);
  statuses_[""] = HealthCheckResponse::NOT_SERVING;
  for (const std::string& name : names) statuses_[name] = HealthCheckResponse::NOT_SERVING;
}

HealthService::~HealthService() = default;

Service HealthService::MakeService() {
  Service service;
  service.name = "grpc.health.v1.Health";
  service.methods.push_back({.path = "/grpc.health.v1.Health/Check",
                             .unary = [this](Call& call, base::Buffer request) { Check(call, request.view()); },
                             .stream = nullptr});
  service.methods.push_back({.path = "/grpc.health.v1.Health/Watch", .unary = nullptr, .stream = [this](Call& call) {
                               return std::make_unique<HealthWatch>(*this, call);
                             }});
  return service;
}

void HealthService::Set(std::string_view name, bool serving) {
  std::string key(name);
  {
    absl::MutexLock lock(&mutex_);
    statuses_[key] = serving ? HealthCheckResponse::SERVING : HealthCheckResponse::NOT_SERVING;
  }
  for (int i = 0; i < loops_.size(); ++i) {
    env::Loop& loop = loops_.loop(i);
    loop.Post([this, &loop, key] { TellWatches(loop, key); });
  }
}

int HealthService::StatusOf(const std::string& name) const {
  absl::MutexLock lock(&mutex_);
  auto it = statuses_.find(name);
  return it == statuses_.end() ? 0 : it->second;
}

void HealthService::Check(Call& call, std::string_view request) const {
  HealthCheckRequest parsed;
  if (!parsed.ParseFromArray(request.data(), static_cast<int>(request.size()))) return call.Finish(Unreadable());
  int status = StatusOf(parsed.service());
  if (status == 0) return call.Finish(base::NotFound("service \"", parsed.service(), "\""));
  call.Send(Answer(status));
  call.Finish(absl::OkStatus());
}

void HealthService::TellWatches(env::Loop& loop, const std::string& name) {
  for (HealthWatch* watch : watches_[static_cast<size_t>(loop.index())]) {
    if (watch->name() == name) watch->Tell();
  }
}

void HealthService::EndWatches(env::Loop& loop) {
  for (HealthWatch* watch : watches_[static_cast<size_t>(loop.index())]) watch->End();
}

}  // namespace memgrid::frontend::grpc
