#include "interop/test_service.h"

#include <deque>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "interop/test_service.pb.h"

namespace memgrid::interop {
namespace {

namespace testing = ::grpc::testing;
using frontend::grpc::Call;
using frontend::grpc::CallHandle;
using frontend::grpc::CallHandler;
using frontend::grpc::Message;
using frontend::grpc::Service;

constexpr int32_t kLargestAnswer = 16 << 20;

template <typename Proto>
bool Parse(const base::Buffer& buffer, Proto* proto) {
  return proto->ParseFromArray(buffer.view().data(), static_cast<int>(buffer.size()));
}

template <typename Proto>
Message ToMessage(const Proto& proto) {
  return Message{.head = proto.SerializeAsString(), .body = {}, .tail = {}};
}

absl::Status Unreadable() { return absl::InvalidArgumentError("the request could not be parsed"); }

absl::Status ToStatus(const testing::EchoStatus& status) {
  return absl::Status(static_cast<absl::StatusCode>(status.code()), status.message());
}

// What the custom_metadata case wants to see again.
void EchoMetadata(Call& call) {
  call.ForEachMetadata([&call](std::string_view name, std::string_view value) {
    if (name == "x-grpc-test-echo-initial") call.AddInitialMetadata(name, value);
    if (name == "x-grpc-test-echo-trailing-bin") call.AddTrailer(name, value);
  });
}

bool Fill(int32_t size, testing::Payload* payload) {
  if (size < 0 || size > kLargestAnswer) return false;
  payload->set_body(std::string(static_cast<size_t>(size), '\0'));
  return true;
}

void EmptyCall(Call& call, base::Buffer) {
  EchoMetadata(call);
  call.Send(Message{});
  call.Finish(absl::OkStatus());
}

void UnaryCall(Call& call, base::Buffer buffer) {
  testing::SimpleRequest request;
  if (!Parse(buffer, &request)) return call.Finish(Unreadable());
  EchoMetadata(call);
  if (request.has_expect_compressed() && request.expect_compressed().value() != call.request_compressed()) {
    return call.Finish(absl::InvalidArgumentError("the request was not compressed as it says"));
  }
  if (request.has_response_status() && request.response_status().code() != 0) {
    return call.Finish(ToStatus(request.response_status()));
  }
  testing::SimpleResponse response;
  if (!Fill(request.response_size(), response.mutable_payload())) {
    return call.Finish(absl::InvalidArgumentError("response_size is out of range"));
  }
  if (request.has_response_compressed()) call.Compress(request.response_compressed().value());
  call.Send(ToMessage(response));
  call.Finish(absl::OkStatus());
}

// StreamingOutputCall and FullDuplexCall: answers as the requests say, one after the other.
class OutputCall final : public CallHandler {
 public:
  OutputCall(Call& call, bool one_request) : call_(call), one_request_(one_request) { EchoMetadata(call); }

  void OnMessage(base::Buffer buffer) override {
    testing::StreamingOutputCallRequest request;
    if (!Parse(buffer, &request)) return call_.Finish(Unreadable());
    if (request.has_response_status() && request.response_status().code() != 0) {
      return call_.Finish(ToStatus(request.response_status()));
    }
    for (const auto& wanted : request.response_parameters()) {
      if (wanted.compressed().value()) call_.Compress(true);  // before the first answer, so that the headers say so
      wanted_.push_back(wanted);
    }
    Go();
  }
  void OnHalfClose() override {
    half_closed_ = true;
    Go();
  }
  void OnDrained() override { Go(); }
  void OnDone(const absl::Status&) override { call_.loop().Cancel(timer_); }

 private:
  void Go() {
    if (timer_ != 0) return;
    while (!wanted_.empty() && !call_.full()) {
      int32_t wait = std::exchange(waited_, false) ? 0 : wanted_.front().interval_us();
      if (wait > 0) {
        timer_ = call_.loop().RunAfter(std::chrono::microseconds(wait), [this] {
          timer_ = 0;
          waited_ = true;
          Go();
        });
        return;
      }
      testing::StreamingOutputCallResponse response;
      if (!Fill(wanted_.front().size(), response.mutable_payload())) {
        return call_.Finish(absl::InvalidArgumentError("size is out of range"));
      }
      call_.Compress(wanted_.front().compressed().value());
      wanted_.pop_front();
      call_.Send(ToMessage(response));
    }
    // A client that sends on while answers wait is held back.
    if (!one_request_ && !wanted_.empty()) call_.PauseReading();
    if (wanted_.empty()) call_.ResumeReading();
    if (half_closed_ && wanted_.empty() && !std::exchange(finished_, true)) call_.Finish(absl::OkStatus());
  }

  Call& call_;
  const bool one_request_;
  std::deque<testing::ResponseParameters> wanted_;
  env::Loop::TimerId timer_ = 0;
  bool waited_ = false;
  bool half_closed_ = false;
  bool finished_ = false;
};

class InputCall final : public CallHandler {
 public:
  explicit InputCall(Call& call) : call_(call) { EchoMetadata(call); }

  void OnMessage(base::Buffer buffer) override {
    testing::StreamingInputCallRequest request;
    if (!Parse(buffer, &request)) return call_.Finish(Unreadable());
    if (request.has_expect_compressed() && request.expect_compressed().value() != call_.request_compressed()) {
      return call_.Finish(absl::InvalidArgumentError("the request was not compressed as it says"));
    }
    total_ += static_cast<int32_t>(request.payload().body().size());
  }
  void OnHalfClose() override {
    testing::StreamingInputCallResponse response;
    response.set_aggregated_payload_size(total_);
    call_.Send(ToMessage(response));
    call_.Finish(absl::OkStatus());
  }
  void OnDone(const absl::Status&) override {}

 private:
  Call& call_;
  int32_t total_ = 0;
};

}  // namespace

Service MakeTestService() {
  const std::string prefix = "/grpc.testing.TestService/";
  Service service{.name = "grpc.testing.TestService", .methods = {}};
  service.methods.push_back({.path = prefix + "EmptyCall", .unary = EmptyCall, .stream = nullptr});
  service.methods.push_back({.path = prefix + "UnaryCall", .unary = UnaryCall, .stream = nullptr});
  service.methods.push_back({.path = prefix + "StreamingOutputCall", .unary = nullptr, .stream = [](Call& call) {
                               return std::make_unique<OutputCall>(call, /*one_request=*/true);
                             }});
  service.methods.push_back({.path = prefix + "FullDuplexCall", .unary = nullptr, .stream = [](Call& call) {
                               return std::make_unique<OutputCall>(call, /*one_request=*/false);
                             }});
  service.methods.push_back({.path = prefix + "StreamingInputCall", .unary = nullptr, .stream = [](Call& call) {
                               return std::make_unique<InputCall>(call);
                             }});
  return service;
}

Service MakeEngineFreeService() {
  const std::string prefix = "/memgrid.v1.KeyValueService/";
  Service service{.name = "memgrid.v1.KeyValueService", .methods = {}};
  service.methods.push_back({.path = prefix + "GetKey",
                             .unary =
                                 [](Call& call, base::Buffer) {
                                   static const std::string value(100, 'v');
                                   Message message;
                                   message.head = std::string("\x1a\x64", 2);  // field 3, 100 bytes
                                   message.body.Add(value);
                                   message.tail = std::string("\x80\x01\x07", 3);  // field 16, version 7
                                   call.Send(std::move(message));
                                   call.Finish(absl::OkStatus());
                                 },
                             .stream = nullptr});
  service.methods.push_back({.path = prefix + "PutKey",
                             .unary =
                                 [](Call& call, base::Buffer) {
                                   Message message;
                                   message.tail = std::string("\x80\x01\x07", 3);
                                   call.Send(std::move(message));
                                   call.Finish(absl::OkStatus());
                                 },
                             .stream = nullptr});
  return service;
}

}  // namespace memgrid::interop
