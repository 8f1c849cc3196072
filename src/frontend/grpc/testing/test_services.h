// Services for tests of the layer: they echo, count, wait, and answer from memory that is only lent.

#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/payload.h"
#include "env/loop.h"
#include "frontend/grpc/call.h"

namespace memgrid::frontend::grpc {

// Memory that behaves as the engine's: what it lends is overwritten at the end of the turn unless it is kept, and as
// soon as the hold on it is let go. One loop's.
class LentMemory final : public base::Keeper {
 public:
  LentMemory();
  ~LentMemory() override;
  // Turns of `loop` count. Before it starts, after the server has been made.
  void Watch(env::Loop& loop);

  // `size` bytes of the pattern that begins with `first`: byte i is (first + i) % 251.
  base::Payload Lend(size_t size, uint8_t first);
  std::unique_ptr<base::Hold> Keep(const absl::InlinedVector<std::string_view, 4>& slices) override;

  // Asks everything back.
  void Want(bool wanted) { wanted_ = wanted; }
  int holds() const { return holds_; }
  int kept() const { return kept_; }

 private:
  class PatternHold;
  struct Block;
  void TurnOver();

  std::vector<std::shared_ptr<Block>> lent_;  // in this turn
  bool wanted_ = false;
  int holds_ = 0;
  int kept_ = 0;
};

// The pattern that LentMemory lends.
std::string Pattern(size_t size, uint8_t first);

// What the services have seen. Shared by loops, so atomic.
struct TestCounts {
  std::atomic<int> started{0};    // handlers and unary calls
  std::atomic<int> done{0};       // OnDone
  std::atomic<int> cancelled{0};  // OnDone with CANCELLED
  std::atomic<int> expired{0};    // OnDone with DEADLINE_EXCEEDED
  std::atomic<int> messages{0};
  std::atomic<uint64_t> sent{0};  // bytes given to Send by Download
};

// "test.Echo":
//   Unary     the request; request metadata "echo-*" comes back as headers and trailers
//   Lent      unary: the request's four bytes (big-endian) are a size; that much of LentMemory
//   Fail      the status that metadata "code" says, with the request as its text; "retry" sets the hint
//   Later     the request, answered `ms` (metadata) later; 0 is the next turn
//   Never     nothing
//   Bidi      each message as it comes
//   Download  the request is a size and a count, four bytes each: so many messages of LentMemory
//   Upload    counts bytes, answers the sum in decimal; with metadata "slow" reading pauses 10 ms after each message
// `memory` (null: Lent and Download are not there) is used by one loop only.
Service MakeEchoService(TestCounts& counts, LentMemory* memory);

}  // namespace memgrid::frontend::grpc
