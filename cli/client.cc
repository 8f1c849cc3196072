#include "client.h"

#include <algorithm>
#include <random>
#include <thread>

namespace memgrid::cli {
namespace {

using std::chrono::milliseconds;
using std::chrono::system_clock;

constexpr auto kConnectPatience = std::chrono::seconds(3);
constexpr auto kCallPatience = std::chrono::seconds(20);
constexpr int kMaxMessageBytes = 20 << 20;

std::string NewClientId() {
  std::random_device random;
  std::string id = "cli-";
  for (int i = 0; i < 32; ++i) id += "0123456789abcdef"[random() % 16];
  return id;
}

// When the server wants the next try; else `fallback`.
milliseconds RetryAfter(const grpc::ClientContext& context, milliseconds fallback) {
  const auto& trailers = context.GetServerTrailingMetadata();
  const auto hint = trailers.find("retry-after-ms");
  if (hint == trailers.end()) return fallback;
  const std::string text(hint->second.data(), hint->second.size());
  char* end = nullptr;
  const long value = std::strtol(text.c_str(), &end, 10);
  if (end == text.c_str() || value < 0) return fallback;
  return milliseconds(std::min(value, 5000L));
}

}  // namespace

Client::Client(std::string endpoint, std::string token)
    : endpoint_(std::move(endpoint)), token_(std::move(token)), client_id_(NewClientId()) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(kMaxMessageBytes);
  arguments.SetMaxSendMessageSize(kMaxMessageBytes);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 200);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 200);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 500);
  channel_ = grpc::CreateCustomChannel(endpoint_, grpc::InsecureChannelCredentials(), arguments);
  keys_ = pb::KeyValueService::NewStub(channel_);
  regions_ = pb::MemoryService::NewStub(channel_);
  admin_ = pb::AdminService::NewStub(channel_);
}

void Client::Connect() {
  if (!channel_->WaitForConnected(system_clock::now() + kConnectPatience)) {
    throw Failure{"no connection to " + endpoint_ + " within 3 s; is a server running there?"};
  }
}

void Client::Authorize(grpc::ClientContext& context) const {
  if (!token_.empty()) context.AddMetadata("authorization", "Bearer " + token_);
}

void Client::Fail(const grpc::Status& status) {
  static constexpr const char* kNames[] = {"OK",
                                           "CANCELLED",
                                           "UNKNOWN",
                                           "INVALID_ARGUMENT",
                                           "DEADLINE_EXCEEDED",
                                           "NOT_FOUND",
                                           "ALREADY_EXISTS",
                                           "PERMISSION_DENIED",
                                           "RESOURCE_EXHAUSTED",
                                           "FAILED_PRECONDITION",
                                           "ABORTED",
                                           "OUT_OF_RANGE",
                                           "UNIMPLEMENTED",
                                           "INTERNAL",
                                           "UNAVAILABLE",
                                           "DATA_LOSS",
                                           "UNAUTHENTICATED"};
  const auto code = static_cast<size_t>(status.error_code());
  std::string text = code < std::size(kNames) ? kNames[code] : "UNKNOWN";
  text += ": " + status.error_message();
  std::replace(text.begin(), text.end(), '\n', ' ');
  throw Failure{std::move(text)};
}

void Client::Retry(const std::function<grpc::Status(grpc::ClientContext&)>& attempt) {
  Connect();
  const auto deadline = system_clock::now() + kCallPatience;
  milliseconds pause(50);
  for (;;) {
    grpc::ClientContext context;
    context.set_deadline(deadline);
    Authorize(context);
    const grpc::Status status = attempt(context);
    if (status.ok()) return;
    if (status.error_code() != grpc::StatusCode::UNAVAILABLE) Fail(status);
    const milliseconds wait = RetryAfter(context, pause);
    if (system_clock::now() + wait >= deadline) Fail(status);
    std::this_thread::sleep_for(wait);
    pause = std::min(pause * 2, milliseconds(1000));
  }
}

}  // namespace memgrid::cli
