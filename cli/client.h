// The command line's connection to a server: one channel, the calls' deadlines, retries that cannot
// apply twice.

#pragma once

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "memgrid/v1/admin.grpc.pb.h"
#include "memgrid/v1/key_value.grpc.pb.h"
#include "memgrid/v1/memory.grpc.pb.h"

namespace memgrid::cli {

namespace pb = ::memgrid::v1;

// Something that was refused, not found or not reached: exit code 1, the text on standard error.
struct Failure {
  std::string text;
};

class Client {
 public:
  // Does not connect yet.
  Client(std::string endpoint, std::string token);

  // Throws Failure naming the address if there is no connection within 3 s. Called by Call.
  void Connect();

  // One unary call with a deadline of 20 s, in which UNAVAILABLE is tried again. Throws Failure
  // with the server's text. `what` is a stub's method: Call(keys(),
  // &pb::KeyValueService::Stub::GetKey, request).
  template <typename Stub, typename Request, typename Response>
  Response Call(Stub& stub,
                grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                const Request& request) {
    Response response;
    Retry(
        [&](grpc::ClientContext& context) { return (stub.*method)(&context, request, &response); });
    return response;
  }

  // Gives a write the identity that makes its retry harmless.
  template <typename Request>
  void Identify(Request& request) {
    request.set_client_id(client_id_);
    request.set_sequence(++sequence_);
  }

  // Adds the credential.
  void Authorize(grpc::ClientContext& context) const;

  // Throws the Failure that tells `status`.
  [[noreturn]] static void Fail(const grpc::Status& status);

  pb::KeyValueService::Stub& keys() { return *keys_; }
  pb::MemoryService::Stub& regions() { return *regions_; }
  pb::AdminService::Stub& admin() { return *admin_; }

 private:
  void Retry(const std::function<grpc::Status(grpc::ClientContext&)>& attempt);

  const std::string endpoint_;
  const std::string token_;
  const std::string client_id_;
  uint64_t sequence_ = 0;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<pb::KeyValueService::Stub> keys_;
  std::unique_ptr<pb::MemoryService::Stub> regions_;
  std::unique_ptr<pb::AdminService::Stub> admin_;
};

}  // namespace memgrid::cli
