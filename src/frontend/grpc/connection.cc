#include "frontend/grpc/connection.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "frontend/grpc/loop_context.h"

namespace memgrid::frontend::grpc {
namespace {

// A connection that we end is read for a little while longer, so that the client can see the GOAWAY: closing a socket
// with unread bytes would take it away from it.
constexpr env::Nanos kLinger = env::Millis(1000);
constexpr size_t kLingerBytes = 64u << 20;

}  // namespace

ServerConnection::ServerConnection(LoopContext& context, ConnectionOwner& owner,
                                   std::unique_ptr<env::Connection> connection)
    : context_(context),
      owner_(owner),
      connection_(std::move(connection)),
      session_(context, *this, connection_->peer()),
      accepted_(context.now),
      last_received_(context.now),
      last_progress_(context.now) {
  connection_->SetHandler(this);
  OnOutput();
}

ServerConnection::~ServerConnection() = default;

void ServerConnection::OnOutput() {
  if (dirty || closed_) return;
  dirty = true;
  owner_.OnDirty(*this);
}

void ServerConnection::OnReadable() {
  context_.now = context_.loop.clock().Monotonic();
  env::IoResult result = connection_->Read(context_.read_buffer);
  if (result.kind == env::IoResult::kWouldBlock) return;
  if (result.kind != env::IoResult::kOk) return Close();
  last_received_ = context_.now;
  pinged_ = env::Nanos(0);
  if (state_ == State::kLingering) {
    discarded_ += result.bytes;
    if (discarded_ > kLingerBytes) Close();
    return;
  }
  session_.Receive({context_.read_buffer.data(), result.bytes});
}

void ServerConnection::OnWritable() { OnOutput(); }

void ServerConnection::OnClosed() { Close(); }

void ServerConnection::Flush() {
  if (closed_) return;
  Gather& gather = context_.gather;
  gather.Clear();
  for (Unsent& unsent : unsent_) gather.Append(unsent.slice, unsent.owner);
  session_.Pull(gather, context_.limits.turn_bytes);
  if (gather.bytes() > 0) {
    env::IoResult result = connection_->Write(gather.slices());
    size_t sent = result.kind == env::IoResult::kOk ? result.bytes : 0;
    if (sent > 0 || unsent_.empty()) last_progress_ = context_.now;
    context_.counters.bytes_sent.Add(sent);
    if (result.kind == env::IoResult::kError || result.kind == env::IoResult::kEnd) {
      gather.Clear();
      return Close();
    }
    KeepRest(sent);
    gather.Clear();
  }
  if (!copied_.empty()) HasCopies();
  AfterWrite();
}

// Remembers what of the gathered bytes was not sent.
void ServerConnection::KeepRest(size_t sent) {
  const Gather& gather = context_.gather;
  std::vector<Unsent> rest;
  size_t copied = 0;
  for (size_t i = 0; i < gather.slices().size(); ++i) {
    env::IoSlice slice = gather.slices()[i];
    size_t skip = std::min(sent, slice.size);
    sent -= skip;
    if (skip == slice.size) continue;
    rest.push_back({{slice.data + skip, slice.size - skip}, gather.owner(i)});
    if (!gather.owner(i)) copied += slice.size - skip;
  }
  std::unique_ptr<char[]> block = copied > 0 ? std::make_unique_for_overwrite<char[]>(copied) : nullptr;
  char* to = block.get();
  for (Unsent& unsent : rest) {
    if (unsent.owner) continue;
    std::memcpy(to, unsent.slice.data, unsent.slice.size);
    unsent.slice.data = to;
    to += unsent.slice.size;
  }
  unsent_ = std::move(rest);
  unsent_block_ = std::move(block);
  unsent_copies_.clear();
}

void ServerConnection::AfterWrite() {
  connection_->SetInterest(true, !unsent_.empty());
  if (!unsent_.empty()) return;
  if (session_.Ended()) {
    if (session_.broken() && state_ == State::kServing) {
      state_ = State::kLingering;
      linger_from_ = context_.now;
    } else if (!session_.broken()) {
      Close();
    }
  } else if (session_.WantsToSend()) {
    OnOutput();
  }
}

void ServerConnection::KeepUnsent() {
  for (OutgoingRef& outgoing : unkept_) {
    // Only this list knows it: sent, or dropped with its call.
    if (outgoing->references == 1 || !outgoing->needs_keeping()) continue;
    outgoing->Keep();
    held_.push_back(std::move(outgoing));
  }
  unkept_.clear();
}

void ServerConnection::GiveBackWanted() {
  std::erase_if(held_, [](const OutgoingRef& outgoing) { return outgoing->references == 1; });
  for (OutgoingRef& outgoing : held_) {
    if (!outgoing->wanted()) continue;
    CopyUnsentOf(outgoing.get());
    outgoing->CopyRest();
    copied_.push_back(std::exchange(outgoing, OutgoingRef()));
  }
  std::erase_if(held_, [](const OutgoingRef& outgoing) { return !outgoing; });
}

bool ServerConnection::HasCopies() {
  std::erase_if(copied_, [](const OutgoingRef& outgoing) { return outgoing->references == 1; });
  return !copied_.empty();
}

// At most Limits::turn_bytes and a frame are pulled and unsent, so this copy needs no limit of its own.
void ServerConnection::CopyUnsentOf(const Outgoing* outgoing) {
  for (Unsent& unsent : unsent_) {
    if (unsent.owner.get() != outgoing) continue;
    auto copy = std::make_unique_for_overwrite<char[]>(unsent.slice.size);
    std::memcpy(copy.get(), unsent.slice.data, unsent.slice.size);
    unsent.slice.data = copy.get();
    unsent.owner = OutgoingRef();
    unsent_copies_.push_back(std::move(copy));
  }
}

void ServerConnection::Tick(env::Nanos now) {
  const Limits& limits = context_.limits;
  bool late = !session_.handshake_done() && now - accepted_ > limits.handshake;
  bool stalled = !unsent_.empty() && now - last_progress_ > limits.write_stall;
  bool silent = pinged_.count() != 0 && now - pinged_ > limits.keepalive_answer;
  bool lingered = state_ == State::kLingering && now - linger_from_ > kLinger;
  if (late || stalled || silent || lingered) {
    if (!lingered) context_.counters.connections_stalled.Add(1);
    return Close();
  }
  if (pinged_.count() == 0 && now - last_received_ > limits.keepalive && state_ == State::kServing) {
    pinged_ = now;
    session_.SendPing();
  }
}

void ServerConnection::Close() {
  if (closed_) return;
  closed_ = true;
  connection_->Close();
  owner_.OnClosed(*this);
}

}  // namespace memgrid::frontend::grpc
