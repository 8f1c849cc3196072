// The peer of the small calls: grpc++ (callback API) on a plain sharded map, as one would write it
// without memgrid. Prints `ready grpc=HOST:PORT` and serves until it is killed.

#include <grpcpp/grpcpp.h>

#include <array>
#include <cstdio>
#include <functional>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <unordered_map>

#include "absl/synchronization/mutex.h"
#include "memgrid/v1/key_value.grpc.pb.h"

namespace {

namespace pb = ::memgrid::v1;

// 64 maps with a lock each.
class ShardedMap {
 public:
  void Put(const std::string& key, const std::string& value) {
    Shard& shard = ShardOf(key);
    const std::unique_lock lock(shard.mutex);
    shard.values[key] = value;
  }
  bool Get(const std::string& key, std::string* value) {
    Shard& shard = ShardOf(key);
    const std::shared_lock lock(shard.mutex);
    const auto at = shard.values.find(key);
    if (at == shard.values.end()) return false;
    *value = at->second;
    return true;
  }

 private:
  struct Shard {
    std::shared_mutex mutex;
    std::unordered_map<std::string, std::string> values;
  };
  Shard& ShardOf(const std::string& key) {
    return shards_[std::hash<std::string>()(key) % shards_.size()];
  }
  std::array<Shard, 64> shards_;
};

class Service final : public pb::KeyValueService::CallbackService {
 public:
  grpc::ServerUnaryReactor* CreateNamespace(grpc::CallbackServerContext* context,
                                            const pb::CreateNamespaceRequest*,
                                            pb::CreateNamespaceResponse*) override {
    return Finish(context, grpc::Status::OK);
  }
  grpc::ServerUnaryReactor* PutKey(grpc::CallbackServerContext* context,
                                   const pb::PutKeyRequest* request,
                                   pb::PutKeyResponse* response) override {
    map_.Put(request->key(), request->value());
    response->set_key(request->key());
    return Finish(context, grpc::Status::OK);
  }
  grpc::ServerUnaryReactor* GetKey(grpc::CallbackServerContext* context,
                                   const pb::GetKeyRequest* request,
                                   pb::GetKeyResponse* response) override {
    response->set_key(request->key());
    response->set_namespace_(request->namespace_());
    const bool found = map_.Get(request->key(), response->mutable_value());
    return Finish(context, found ? grpc::Status::OK
                                 : grpc::Status(grpc::StatusCode::NOT_FOUND, "no such key"));
  }

 private:
  static grpc::ServerUnaryReactor* Finish(grpc::CallbackServerContext* context,
                                          const grpc::Status& status) {
    grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
    reactor->Finish(status);
    return reactor;
  }
  ShardedMap map_;
};

}  // namespace

int main() {
  // Debian builds grpc++ with assertions; the deadlock detector of its locks alone would cost more
  // than the calls.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  Service service;
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(&service);
  const auto server = builder.BuildAndStart();
  std::printf("ready grpc=127.0.0.1:%d\n", port);
  std::fflush(stdout);
  server->Wait();
}
