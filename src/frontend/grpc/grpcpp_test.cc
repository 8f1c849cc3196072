// The server against gRPC's own C++ client, over real sockets.

#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "env/posix/posix_env.h"
#include "frontend/grpc/server.h"
#include "frontend/grpc/testing/test_services.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace memgrid::frontend::grpc {
namespace {

using ::grpc::ByteBuffer;
using ::grpc::ClientContext;
using ::grpc::CompletionQueue;
using ::testing::HasSubstr;

constexpr size_t kMiB = 1u << 20;

ByteBuffer ToBuffer(const std::string& text) {
  ::grpc::Slice slice(text);
  return ByteBuffer(&slice, 1);
}

std::string ToText(const ByteBuffer& buffer) {
  std::vector<::grpc::Slice> slices;
  if (!buffer.Dump(&slices).ok()) return "";
  std::string text;
  for (const ::grpc::Slice& slice : slices) text.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  return text;
}

class GrpcppTest : public ::testing::Test {
 protected:
  void SetUp() override {
    loops_ = env::MakePosixLoops({.loops = 2});
    std::vector<Service> services;
    services.push_back(MakeEchoService(counts_, nullptr));
    server_ = std::make_unique<Server>(*loops_, Limits(), std::move(services));
    ASSERT_TRUE(server_->Listen("127.0.0.1:0").ok());
    loops_->Start();
    ::grpc::ChannelArguments arguments;
    arguments.SetMaxReceiveMessageSize(-1);
    arguments.SetMaxSendMessageSize(-1);
    channel_ = ::grpc::CreateCustomChannel(server_->addresses().front(), ::grpc::InsecureChannelCredentials(), arguments);
    stub_ = std::make_unique<::grpc::GenericStub>(channel_);
  }
  void TearDown() override { loops_->Stop(); }

  ::grpc::Status Unary(const std::string& method, const std::string& request, std::string* answer,
                       ClientContext* context) {
    CompletionQueue queue;
    ByteBuffer response;
    ::grpc::Status status;
    auto call = stub_->PrepareUnaryCall(context, "/test.Echo/" + method, ToBuffer(request), &queue);
    call->StartCall();
    call->Finish(&response, &status, nullptr);
    void* tag = nullptr;
    bool ok = false;
    queue.Next(&tag, &ok);
    if (answer != nullptr) *answer = ToText(response);
    return status;
  }

  // A stream whose every step is waited for.
  class Stream {
   public:
    Stream(GrpcppTest& test, const std::string& method) {
      call_ = test.stub_->PrepareCall(&context, "/test.Echo/" + method, &queue_);
      call_->StartCall(nullptr);
      Step();
    }
    bool Write(const std::string& message) {
      call_->Write(ToBuffer(message), nullptr);
      return Step();
    }
    bool WritesDone() {
      call_->WritesDone(nullptr);
      return Step();
    }
    bool Read(std::string* message) {
      ByteBuffer buffer;
      call_->Read(&buffer, nullptr);
      bool ok = Step();
      if (ok) *message = ToText(buffer);
      return ok;
    }
    ::grpc::Status Finish() {
      ::grpc::Status status;
      call_->Finish(&status, nullptr);
      Step();
      return status;
    }
    ClientContext context;

   private:
    bool Step() {
      void* tag = nullptr;
      bool ok = false;
      return queue_.Next(&tag, &ok) && ok;
    }
    CompletionQueue queue_;
    std::unique_ptr<::grpc::GenericClientAsyncReaderWriter> call_;
  };

  TestCounts counts_;
  std::unique_ptr<env::LoopGroup> loops_;
  std::unique_ptr<Server> server_;
  std::shared_ptr<::grpc::Channel> channel_;
  std::unique_ptr<::grpc::GenericStub> stub_;
};

TEST_F(GrpcppTest, UnaryOfAllSizes) {
  for (size_t size : {size_t{0}, size_t{1}, size_t{4090}, size_t{4096}, size_t{65'536}, 3 * kMiB + 17, 20 * kMiB}) {
    ClientContext context;
    std::string request = Pattern(size, 9);
    std::string answer;
    ::grpc::Status status = Unary("Unary", request, &answer, &context);
    ASSERT_TRUE(status.ok()) << size << ": " << status.error_message();
    EXPECT_TRUE(answer == request) << size;
  }
  ClientContext context;
  ::grpc::Status status = Unary("Unary", std::string(20 * kMiB + 1, 'x'), nullptr, &context);
  EXPECT_EQ(status.error_code(), ::grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_THAT(status.error_message(), HasSubstr("20971520"));
  EXPECT_EQ(server_->counters().connections_accepted, 1u) << "the connection lives";
}

TEST_F(GrpcppTest, StatusMetadataAndText) {
  ClientContext context;
  context.AddMetadata("code", "9");
  ::grpc::Status status = Unary("Fail", "ünicode %\t", nullptr, &context);
  EXPECT_EQ(status.error_code(), ::grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_EQ(status.error_message(), "ünicode %\t");

  ClientContext echo;
  echo.AddMetadata("echo-x", "1");
  echo.AddMetadata("echo-x", "2");
  echo.AddMetadata("echo-y-bin", std::string("\0\xff\1", 3));
  ASSERT_TRUE(Unary("Unary", "", nullptr, &echo).ok());
  EXPECT_EQ(echo.GetServerInitialMetadata().count("echo-x"), 2u);
  EXPECT_EQ(echo.GetServerTrailingMetadata().find("echo-y-bin")->second, ::grpc::string_ref(std::string("\0\xff\1", 3)));

  ClientContext unknown;
  EXPECT_EQ(Unary("None", "", nullptr, &unknown).error_code(), ::grpc::StatusCode::UNIMPLEMENTED);
}

TEST_F(GrpcppTest, GzipBothWays) {
  ClientContext context;
  context.set_compression_algorithm(GRPC_COMPRESS_GZIP);
  std::string answer;
  ASSERT_TRUE(Unary("Unary", std::string(100'000, 'z'), &answer, &context).ok());
  EXPECT_EQ(answer, std::string(100'000, 'z'));
  EXPECT_LT(server_->counters().bytes_received, 10'000u);
  EXPECT_LT(server_->counters().bytes_sent, 10'000u);
}

TEST_F(GrpcppTest, DeadlineAndCancellation) {
  ClientContext late;
  late.set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(50));
  EXPECT_EQ(Unary("Never", "", nullptr, &late).error_code(), ::grpc::StatusCode::DEADLINE_EXCEEDED);

  Stream stream(*this, "Bidi");
  std::string answer;
  ASSERT_TRUE(stream.Write("a") && stream.Read(&answer));
  stream.context.TryCancel();
  EXPECT_EQ(stream.Finish().error_code(), ::grpc::StatusCode::CANCELLED);
  while (counts_.done < 2) std::this_thread::yield();
  EXPECT_GE(counts_.cancelled, 1);
}

TEST_F(GrpcppTest, StreamsBothWays) {
  Stream bidi(*this, "Bidi");
  for (size_t size : {size_t{0}, size_t{10}, size_t{5000}, kMiB}) {
    std::string answer;
    ASSERT_TRUE(bidi.Write(Pattern(size, 3)));
    ASSERT_TRUE(bidi.Read(&answer));
    EXPECT_TRUE(answer == Pattern(size, 3)) << size;
  }
  std::string none;
  ASSERT_TRUE(bidi.WritesDone());
  EXPECT_FALSE(bidi.Read(&none));
  EXPECT_TRUE(bidi.Finish().ok());

  Stream upload(*this, "Upload");
  for (int i = 0; i < 64; ++i) ASSERT_TRUE(upload.Write(std::string(kMiB, 'u')));
  std::string sum;
  ASSERT_TRUE(upload.WritesDone() && upload.Read(&sum));
  EXPECT_EQ(sum, std::to_string(64 * kMiB));
  EXPECT_TRUE(upload.Finish().ok());
}

TEST_F(GrpcppTest, ManyClientsAtOnce) {
  std::atomic<int> good{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 200; ++i) {
        ClientContext context;
        std::string request = std::to_string(t * 1000 + i);
        std::string answer;
        if (i % 2 == 0) context.AddMetadata("ms", "0");
        if (Unary(i % 2 == 0 ? "Later" : "Unary", request, &answer, &context).ok() && answer == request) ++good;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(good, 800);
}

TEST_F(GrpcppTest, DrainsWhileCallsRun) {
  ClientContext context;
  context.AddMetadata("ms", "300");
  std::string answer;
  std::thread caller([&] { EXPECT_TRUE(Unary("Later", "done", &answer, &context).ok()); });
  while (counts_.started == 0) std::this_thread::yield();
  std::atomic<bool> drained{false};
  server_->Drain([&] { drained = true; });
  caller.join();
  EXPECT_EQ(answer, "done");
  while (!drained) std::this_thread::yield();
  EXPECT_EQ(server_->counters().connections_open, 0u);
}

}  // namespace
}  // namespace memgrid::frontend::grpc
