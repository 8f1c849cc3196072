// Calls that could not be answered where they were made: what they need on their way to the owner
// of the shard and back.

#pragma once

#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "base/buffer.h"
#include "base/check.h"
#include "base/payload.h"
#include "env/clock.h"
#include "grid/commands/command.h"
#include "grid/grid.h"
#include "grid/inbox.h"
#include "grid/requests.h"
#include "grid/result.h"

namespace memgrid::grid {

class ShardHost;

// A command from its admission to its answer.
struct Write {
  Command command;
  env::Nanos deadline = env::Nanos::max();
  bool held_up = false;  // it has been, because the write cache fills; not twice
  env::Nanos delay{0};   // for how long
  uint64_t awaited = 0;  // what must be durable before the answer; 0: nothing
  absl::Status status;
  Result result;
};

// A call that travels. Made on the loop of the caller (`origin`); answered there.
class Journey : public Letter {
 public:
  // `charged`: bytes that ShardHost::Charge has counted for it.
  Journey(ShardHost& to, int from, std::optional<size_t> charged)
      : host(to), origin(from), charged_(charged) {}
  ~Journey() override;

  void Deliver(std::unique_ptr<Letter> self) final;
  // The answer is `why`.
  virtual void Fail(absl::Status why) = 0;
  // Lets go of what is not needed for the answer, which waits for the device.
  virtual void Slim() {}

  ShardHost& host;
  const int origin;

 protected:
  // The call no longer counts in the shard's inbox.
  void GiveBack();

 private:
  friend class ShardHost;
  // On the owner's loop; hands itself back with ShardHost::Return.
  virtual void Run(std::unique_ptr<Journey> self) = 0;
  // On the origin's loop.
  virtual void Finish() = 0;

  std::optional<size_t> charged_;
  bool returning_ = false;
};

class WriteJourney : public Journey {
 public:
  using Journey::Journey;
  void Fail(absl::Status why) final { write.status = std::move(why); }
  void Prepare() final;

  Write write;
  base::Buffer head;  // the encoded command

 private:
  void Run(std::unique_ptr<Journey> self) override;
};

// A read that waits: for a version to be applied, for the owner to know, or for what it saw to be
// durable.
class ReadJourney : public Journey {
 public:
  using Journey::Journey;
  Freshness freshness;
  env::Nanos deadline = env::Nanos::max();
  bool has_read = false;
  uint64_t seen = 0;  // newest command that the answer shows
  absl::Status status;

  void Fail(absl::Status why) final { status = std::move(why); }

  // On the owner's loop. Sets status, seen and what is to be answered; its bytes lie in memory of
  // its own.
  virtual void Read() = 0;

 private:
  void Run(std::unique_ptr<Journey> self) override;
};

// `bytes` cut down to two names.
template <typename Request>
void KeepNames(Request* request, base::Buffer* bytes) {
  base::Buffer small(request->key.size() + request->ns.size());
  small.set_size(small.capacity());
  request->key.copy(small.data(), request->key.size());
  request->ns.copy(small.data() + request->key.size(), request->ns.size());
  Request kept{};
  kept.key = small.view().substr(0, request->key.size());
  kept.ns = small.view().substr(request->key.size());
  *request = kept;
  *bytes = std::move(small);
}

template <typename Request>
class TypedWrite final : public WriteJourney {
 public:
  TypedWrite(ShardHost& to, int from, std::optional<size_t> charged, const Request& asked,
             base::Buffer&& backing, Done<Request, WriteAnswer> then)
      : WriteJourney(to, from, charged),
        request(asked),
        bytes(std::move(backing)),
        done(std::move(then)) {}

  void Slim() override {
    if constexpr (requires { request.key; }) {
      if (bytes.capacity() > kSmall) KeepNames(&request, &bytes);
      write.command.name = request.key;
    }
    write.command.payload = {};
    write.command.operand = {};
    head = {};
    GiveBack();
  }

  Request request;
  base::Buffer bytes;
  Done<Request, WriteAnswer> done;

 private:
  static constexpr size_t kSmall = 4096;

  void Finish() override {
    if (write.status.ok()) write.status = StatusOf(write.result, write.command, request.ns);
    WriteAnswer answer = AnswerOf(write.result);
    done(write.status, request, answer);
  }
};

// `payload` in memory of its own.
void Detach(base::Payload* payload);

template <typename Request, typename Answer>
class TypedRead final : public ReadJourney {
 public:
  using Reader = absl::Status (*)(const ShardHost& host, uint32_t ns, const Request& request,
                                  Answer* answer, uint64_t* seen, bool* ask_owner);
  TypedRead(ShardHost& to, int from, size_t charged, uint32_t number, const Request& asked,
            base::Buffer&& backing, Reader how, Done<Request, Answer> then)
      : ReadJourney(to, from, charged),
        ns(number),
        request(asked),
        bytes(std::move(backing)),
        reader(how),
        done(std::move(then)) {}

  void Read() override {
    bool ask_owner = false;
    status = reader(host, ns, request, &answer, &seen, &ask_owner);
    MEMGRID_CHECK(!ask_owner, "the owner itself was told to ask the owner");
    if constexpr (requires { answer.value; }) Detach(&answer.value);
    if constexpr (requires { answer.data; }) Detach(&answer.data);
  }

  const uint32_t ns;
  Request request;
  base::Buffer bytes;
  Reader reader;
  Answer answer;
  Done<Request, Answer> done;

 private:
  void Finish() override { done(status, request, answer); }
};

}  // namespace memgrid::grid
