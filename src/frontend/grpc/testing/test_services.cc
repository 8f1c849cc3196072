#include "frontend/grpc/testing/test_services.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "absl/status/status.h"
#include "base/status.h"

namespace memgrid::frontend::grpc {
namespace {

uint32_t Read32(std::string_view bytes, size_t at) {
  uint32_t value = 0;
  for (size_t i = at; i < at + 4 && i < bytes.size(); ++i) value = value << 8 | static_cast<uint8_t>(bytes[i]);
  return value;
}

Message Small(std::string_view text) {
  Message message;
  message.head = text;
  return message;
}

void Unary(Call& call, base::Buffer request) {
  call.ForEachMetadata([&call](std::string_view name, std::string_view value) {
    if (!name.starts_with("echo-")) return;
    call.AddInitialMetadata(name, value);
    call.AddTrailer(name, value);
  });
  call.Send(Small(request.view()));
  call.Finish(absl::OkStatus());
}

void Fail(Call& call, base::Buffer request) {
  absl::Status status(static_cast<absl::StatusCode>(std::atoi(std::string(call.metadata("code")).c_str())),
                      base::ToAbsl(request.view()));
  std::string retry(call.metadata("retry"));
  if (!retry.empty()) status = base::WithRetryAfter(status, std::atoi(retry.c_str()));
  call.Finish(status);
}

void Later(Call& call, base::Buffer request) {
  call.MarkOutcomeUnknown();
  int ms = std::atoi(std::string(call.metadata("ms")).c_str());
  call.loop().RunAfter(env::Millis(ms), [handle = call.handle(), text = std::string(request.view())] {
    Call* then = handle.Get();
    if (then == nullptr) return;
    then->Send(Small(text));
    then->Finish(absl::OkStatus());
  });
}

// A handler that counts its end.
class Counted : public CallHandler {
 public:
  Counted(Call& call, TestCounts& counts) : call_(call), counts_(counts) { ++counts_.started; }
  void OnDone(const absl::Status& status) override {
    ++counts_.done;
    if (absl::IsCancelled(status)) ++counts_.cancelled;
    if (absl::IsDeadlineExceeded(status)) ++counts_.expired;
  }

 protected:
  Call& call_;
  TestCounts& counts_;
};

class Never final : public Counted {
 public:
  using Counted::Counted;
  void OnMessage(base::Buffer) override { ++counts_.messages; }
  void OnHalfClose() override {}
};

class Bidi final : public Counted {
 public:
  using Counted::Counted;
  void OnMessage(base::Buffer message) override {
    ++counts_.messages;
    call_.Send(Small(message.view()));
    if (call_.full()) call_.PauseReading();
  }
  void OnHalfClose() override { call_.Finish(absl::OkStatus()); }
  void OnDrained() override { call_.ResumeReading(); }
};

class Download final : public Counted {
 public:
  Download(Call& call, TestCounts& counts, LentMemory& memory) : Counted(call, counts), memory_(memory) {}
  void OnMessage(base::Buffer message) override {
    size_ = Read32(message.view(), 0);
    left_ = Read32(message.view(), 4);
  }
  void OnHalfClose() override { OnDrained(); }
  void OnDrained() override {
    while (left_ > 0 && !call_.full()) {
      Message message;
      message.body = memory_.Lend(size_, static_cast<uint8_t>(left_));
      --left_;
      counts_.sent += size_;
      call_.Send(std::move(message));
    }
    if (left_ == 0) call_.Finish(absl::OkStatus());
  }

 private:
  LentMemory& memory_;
  uint32_t size_ = 0;
  uint32_t left_ = 0;
};

class Upload final : public Counted {
 public:
  Upload(Call& call, TestCounts& counts) : Counted(call, counts), slow_(!call.metadata("slow").empty()) {}
  void OnMessage(base::Buffer message) override {
    ++counts_.messages;
    bytes_ += message.size();
    if (!slow_) return;
    call_.PauseReading();
    timer_ = call_.loop().RunAfter(env::Millis(10), [this] { call_.ResumeReading(); });
  }
  void OnHalfClose() override {
    call_.Send(Small(std::to_string(bytes_)));
    call_.Finish(absl::OkStatus());
  }
  void OnDone(const absl::Status& status) override {
    call_.loop().Cancel(timer_);
    Counted::OnDone(status);
  }

 private:
  const bool slow_;
  uint64_t bytes_ = 0;
  env::Loop::TimerId timer_ = 0;
};

template <typename Handler, typename... Rest>
Method Stream(const char* name, TestCounts& counts, Rest&... rest) {
  return {.path = std::string("/test.Echo/") + name, .unary = nullptr, .stream = [&counts, &rest...](Call& call) {
            return std::make_unique<Handler>(call, counts, rest...);
          }};
}

}  // namespace

struct LentMemory::Block {
  std::string bytes;
  ~Block() { std::fill(bytes.begin(), bytes.end(), '\xee'); }
};

class LentMemory::PatternHold final : public base::Hold {
 public:
  PatternHold(LentMemory& memory, std::vector<std::shared_ptr<Block>> blocks)
      : memory_(memory), blocks_(std::move(blocks)) {
    ++memory_.holds_;
    ++memory_.kept_;
  }
  ~PatternHold() override {
    --memory_.holds_;
    for (auto& block : blocks_) std::fill(block->bytes.begin(), block->bytes.end(), '\xee');
  }
  bool Wanted() const override { return memory_.wanted_; }

 private:
  LentMemory& memory_;
  std::vector<std::shared_ptr<Block>> blocks_;
};

LentMemory::LentMemory() = default;
LentMemory::~LentMemory() = default;

void LentMemory::Watch(env::Loop& loop) {
  loop.AtTurnEnd([this] { TurnOver(); });
}

base::Payload LentMemory::Lend(size_t size, uint8_t first) {
  base::Payload payload;
  payload.keeper = this;
  // In up to three pieces, as large values lie in several places.
  const std::string pattern = Pattern(size, first);
  size_t cuts[] = {0, size / 3, size / 2, size};
  for (int i = 0; i < 3; ++i) {
    auto block = std::make_shared<Block>();
    block->bytes = pattern.substr(cuts[i], cuts[i + 1] - cuts[i]);
    payload.Add(block->bytes);
    lent_.push_back(std::move(block));
  }
  return payload;
}

std::unique_ptr<base::Hold> LentMemory::Keep(const absl::InlinedVector<std::string_view, 4>& slices) {
  std::vector<std::shared_ptr<Block>> kept;
  for (std::string_view slice : slices) {
    for (const auto& block : lent_) {
      if (block->bytes.data() == slice.data()) kept.push_back(block);
    }
  }
  return std::make_unique<PatternHold>(*this, std::move(kept));
}

void LentMemory::TurnOver() {
  for (auto& block : lent_) {
    if (block.use_count() == 1) std::fill(block->bytes.begin(), block->bytes.end(), '\xee');
  }
  lent_.clear();
}

std::string Pattern(size_t size, uint8_t first) {
  std::string bytes(size, '\0');
  for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>((first + i) % 251);
  return bytes;
}

Service MakeEchoService(TestCounts& counts, LentMemory* memory) {
  Service service{.name = "test.Echo", .methods = {}};
  auto unary = [&](const char* name, auto function) {
    service.methods.push_back({.path = std::string("/test.Echo/") + name,
                               .unary =
                                   [&counts, function](Call& call, base::Buffer request) {
                                     ++counts.started;
                                     function(call, std::move(request));
                                   },
                               .stream = nullptr});
  };
  unary("Unary", Unary);
  unary("Fail", Fail);
  unary("Later", Later);
  service.methods.push_back(Stream<Never>("Never", counts));
  service.methods.push_back(Stream<Bidi>("Bidi", counts));
  service.methods.push_back(Stream<Upload>("Upload", counts));
  if (memory == nullptr) return service;
  unary("Lent", [memory](Call& call, base::Buffer request) {
    Message message;
    message.body = memory->Lend(Read32(request.view(), 0), 1);
    call.Send(std::move(message));
    call.Finish(absl::OkStatus());
  });
  service.methods.push_back(Stream<Download>("Download", counts, *memory));
  return service;
}

}  // namespace memgrid::frontend::grpc
