#include "frontend/grpc/memory_stream.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/status.h"
#include "frontend/grpc/proto_view.h"
#include "frontend/grpc/service_call.h"
#include "grid/validation.h"
#include "grid/words.h"

namespace memgrid::frontend::grpc {
namespace {

// So much data leaves room for the names: a message stays below 1 MiB.
constexpr uint64_t kChunkBytes = (1u << 20) - 4096;

// What requests under way point into: it lives as long as their callbacks.
struct Names {
  std::string key, ns;
};

class MemoryReader final : public CallHandler {
 public:
  MemoryReader(grid::Grid& grid, Call& call) : grid_(grid), call_(call) {}

  void OnMessage(base::Buffer message) override {
    if (names_ != nullptr)
      return Refuse(call_, base::InvalidArgument("a second request in one call"));
    uint64_t timeout_ms = 0;
    absl::Status status = Decode(message.view(), &request_, &timeout_ms);
    grid::Context context;
    const absl::Status allowed = ContextOf(grid_, call_, timeout_ms, &context);
    if (status.ok()) status = grid::CheckRange(request_.offset, request_.length);
    if (!allowed.ok() || !status.ok()) return Refuse(call_, allowed.ok() ? status : allowed);
    caller_ = context.caller;
    names_ =
        std::make_shared<const Names>(Names{std::string(request_.key), std::string(request_.ns)});
    request_.key = names_->key;
    request_.ns = names_->ns;
    next_ = request_.offset;
    end_ = request_.offset + request_.length;
  }

  void OnHalfClose() override {
    if (names_ == nullptr) return Refuse(call_, base::Internal("the call has no request"));
    Pump();
  }
  void OnDrained() override {
    if (names_ != nullptr) Pump();
  }
  void OnDone(const absl::Status&) override {}

 private:
  // Asks for one chunk after the other until one takes time or the client is behind.
  void Pump() {
    const CallHandle handle = call_.handle();
    while (handle.Get() != nullptr && !asking_ && !call_.full()) {
      asking_ = pumping_ = true;
      grid::ReadMemory chunk = request_;
      chunk.offset = next_;
      chunk.length = std::min(end_ - next_, kChunkBytes);
      const grid::Context context{
          .loop = call_.loop().index(), .caller = caller_, .deadline = call_.deadline()};
      grid_.Call(context, chunk, {},
                 [this, handle, names = names_](const absl::Status& status, const grid::ReadMemory&,
                                                grid::MemoryAnswer& answer) {
                   if (handle.Get() != nullptr) OnChunk(status, answer);  // else this is gone
                 });
      if (handle.Get() == nullptr) return;
      pumping_ = false;
    }
  }

  void OnChunk(const absl::Status& status, grid::MemoryAnswer& answer) {
    asking_ = false;
    if (!status.ok()) return Refuse(call_, status);
    if (end_ > answer.size)
      return Refuse(call_, grid::PastSize(request_.offset, request_.length, answer.size));
    const uint64_t size = answer.data.size;
    call_.Send(EncodeRead(names_->key, names_->ns, answer, next_));
    next_ += size;
    if (next_ == end_) return call_.Finish(absl::OkStatus());
    if (!pumping_) Pump();
  }

  grid::Grid& grid_;
  Call& call_;
  std::shared_ptr<const Names> names_;
  std::string caller_;
  grid::ReadMemory request_;
  uint64_t next_ = 0, end_ = 0;
  bool asking_ = false, pumping_ = false;
};

class MemoryWriter final : public CallHandler {
 public:
  MemoryWriter(grid::Grid& grid, Call& call) : grid_(grid), call_(call) {}

  void OnMessage(base::Buffer message) override {
    StreamWritePart part;
    absl::Status status = Decode(message.view(), &part);
    grid::Context context;
    const absl::Status allowed = ContextOf(grid_, call_, part.timeout_ms, &context);
    if (status.ok()) status = TakeNames(part);
    if (!allowed.ok() || !status.ok()) return Refuse(call_, allowed.ok() ? status : allowed);
    Write(context, part, std::move(message));
  }

  void OnHalfClose() override {
    ended_ = true;
    if (names_ == nullptr)
      return Refuse(call_, base::InvalidArgument("key is empty: the first message must name it"));
    if (!writing_) End();
  }
  void OnDone(const absl::Status&) override {}

 private:
  absl::Status TakeNames(const StreamWritePart& part) {
    if (names_ == nullptr) {
      names_ = std::make_shared<const Names>(Names{std::string(part.key), std::string(part.ns)});
    } else if ((!part.key.empty() && part.key != names_->key) ||
               (!part.ns.empty() && part.ns != names_->ns)) {
      return base::InvalidArgument("key and namespace must stay the same in one call");
    }
    return absl::OkStatus();
  }

  void Write(const grid::Context& context, const StreamWritePart& part, base::Buffer message) {
    const CallHandle handle = call_.handle();
    const uint64_t offset = part.offset.value_or(next_);
    next_ = offset + part.data.size();
    writing_ = true;
    grid_.Call(context,
               grid::WriteMemory{.key = names_->key,
                                 .ns = names_->ns,
                                 .data = part.data,
                                 .offset = offset,
                                 .id = part.id},
               std::move(message),
               [this, handle, names = names_](const absl::Status& status, const grid::WriteMemory&,
                                              grid::WriteAnswer& answer) {
                 if (handle.Get() != nullptr) OnWritten(status, answer);  // else this is gone
               });
    if (handle.Get() == nullptr || !writing_) return;
    call_.MarkOutcomeUnknown();
    call_.PauseReading();
    paused_ = true;
  }

  void OnWritten(const absl::Status& status, const grid::WriteAnswer& answer) {
    writing_ = false;
    if (!status.ok()) return Refuse(call_, status);
    total_ += answer.number;
    version_ = answer.version;
    if (ended_) return End();
    if (std::exchange(paused_, false)) call_.ResumeReading();
  }

  void End() { Answer(call_, EncodeWritten(names_->key, names_->ns, total_, version_)); }

  grid::Grid& grid_;
  Call& call_;
  std::shared_ptr<const Names> names_;
  uint64_t next_ = 0;  // right behind the message before
  uint64_t total_ = 0, version_ = 0;
  bool writing_ = false, paused_ = false, ended_ = false;
};

}  // namespace

std::unique_ptr<CallHandler> MakeMemoryReader(grid::Grid& grid, Call& call) {
  return std::make_unique<MemoryReader>(grid, call);
}

std::unique_ptr<CallHandler> MakeMemoryWriter(grid::Grid& grid, Call& call) {
  return std::make_unique<MemoryWriter>(grid, call);
}

Message EncodeRead(std::string_view key, std::string_view ns, grid::MemoryAnswer& answer,
                   uint64_t offset) {
  Message message;
  PutBytes(&message.head, 1, key);
  PutBytes(&message.head, 2, ns);
  if (answer.data.size > 0) PutBytesHead(&message.head, 3, answer.data.size);
  message.body = std::move(answer.data);
  PutSuccess(&message.tail, 4);
  PutNumber(&message.tail, 16, answer.version);
  PutNumber(&message.tail, 17, offset);
  return message;
}

Message EncodeWritten(std::string_view key, std::string_view ns, uint64_t bytes, uint64_t version) {
  Message message;
  PutBytes(&message.head, 1, key);
  PutBytes(&message.head, 2, ns);
  PutNumber(&message.head, 3, bytes);
  PutSuccess(&message.head, 4);
  PutNumber(&message.head, 16, version);
  return message;
}

}  // namespace memgrid::frontend::grpc
