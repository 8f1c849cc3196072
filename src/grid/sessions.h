// Exactly once: the last answer to each client that numbers its writes.
//
// Part of a shard's exact state: what is remembered and what is forgotten follows from the commands
// alone. A session is written as a record (kSession, Space::kGrid) by the same command that it
// answers, so a crash keeps both or neither.
//
// A session is forgotten an hour of the shard's clock after its last use, or when kMost clients are
// known and a new one comes (the one used longest ago goes).
//
// Threads: the owner of the shard.

#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "grid/commands/command.h"
#include "grid/result.h"

namespace memgrid::grid {

struct Session {
  uint64_t sequence = 0;  // the last one answered
  uint64_t used_ms = 0;   // when, by the shard's clock
  CommandKind kind = CommandKind::kTick;
  Result result;
};

inline constexpr size_t kSessionNameBytes = 17;
inline constexpr size_t kSessionBodyBytes = 8 + 8 + 1 + kResultBytes;

// Name and body of a session's record; the name begins with 's'.
void EncodeSessionName(const ClientId& client, char* to);  // kSessionNameBytes
void EncodeSession(const Session& session, char* to);      // kSessionBodyBytes
bool DecodeSession(std::string_view name, std::string_view body, ClientId* client,
                   Session* session);  // false: not a session

class Sessions {
 public:
  static constexpr size_t kMost = 65'536;
  static constexpr uint64_t kForgottenAfterMs = 3'600'000;

  // `most`: how many are kept; smaller in tests.
  explicit Sessions(size_t most = kMost) : most_(most) {}

  // Null: the client is not known.
  const Session* Find(const ClientId& client) const;

  // Remembers the client's last answer. `used_ms` never falls from call to call.
  void Set(const ClientId& client, const Session& session);

  // Whether `client`, if new, would take the place of the oldest one.
  bool Full() const { return places_.size() >= most_; }

  // The session used longest ago; false if there is none.
  bool Oldest(ClientId* client, Session* session) const;
  void Forget(const ClientId& client);

  size_t size() const { return places_.size(); }

 private:
  static constexpr uint32_t kNone = ~uint32_t{0};
  struct Entry {
    ClientId client;
    Session session;
    uint32_t older = kNone, newer = kNone;
  };

  void Unlink(uint32_t at);
  void LinkNewest(uint32_t at);

  const size_t most_;
  absl::flat_hash_map<ClientId, uint32_t> places_;
  std::vector<Entry> entries_;
  std::vector<uint32_t> free_;
  uint32_t oldest_ = kNone, newest_ = kNone;
};

}  // namespace memgrid::grid
