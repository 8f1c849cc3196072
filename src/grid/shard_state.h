// What the grid keeps of a shard in memory beside the engine's records: sessions, the secret, who
// follows its names. All but the journals follows from the records; Load rebuilds it.
//
// Threads: the owner of the shard; secret() by any loop once the shard serves.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "grid/journal.h"
#include "grid/namespaces.h"
#include "grid/sessions.h"
#include "grid/usage.h"
#include "storage/shard.h"

namespace memgrid::grid {

class ShardState {
 public:
  static constexpr size_t kSecretBytes = 32;
  static constexpr size_t kMostNamespaces = 65'536;
  using Limits = absl::flat_hash_map<std::string, NamespaceLimits>;

  // `limits`: what the configuration says of namespaces, by name. All outlive this.
  ShardState(storage::Shard& shard, ShardHost& host, Namespaces& namespaces, const Limits& limits)
      : shard_(shard), host_(host), namespaces_(namespaces), limits_(limits) {}

  // Takes up what the shard's records say. DATA_LOSS: a record is not understood.
  absl::Status Load();

  storage::Shard& shard() { return shard_; }
  const storage::Shard& shard() const { return shard_; }
  Sessions& sessions() { return sessions_; }
  Journals& journals() { return journals_; }

  // Known to this shard and its replicas only; made by its first command. Empty before.
  const std::string& secret() const { return secret_; }
  void set_secret(std::string_view secret) { secret_ = secret; }

  // Null: no namespace of that name, on any shard. The entry lives as long as the server.
  NamespaceEntry* FindNamespace(std::string_view name) { return namespaces_.Find(name); }
  bool NamespacesFull() const { return namespace_count_ >= kMostNamespaces; }
  uint32_t NextNamespaceNumber() const { return last_number_ + 1; }
  // Makes the namespace known to all loops. Its record has been written.
  void AddNamespace(std::string_view name, uint32_t number, std::string_view owner);

  // Null: the namespace has no quota.
  Usage* usage(uint32_t ns) {
    if (usages_.empty()) return nullptr;
    const auto at = usages_.find(ns);
    return at == usages_.end() ? nullptr : &at->second;
  }
  Usages& usages() { return usages_; }
  // True if changes of names or sizes in `ns` must be noted.
  bool Follows(uint32_t ns) { return journals_.open() || usage(ns) != nullptr; }

 private:
  void CountUsage(uint32_t ns, Usage& usage) const;

  storage::Shard& shard_;
  ShardHost& host_;
  Namespaces& namespaces_;
  const Limits& limits_;
  Sessions sessions_;
  Journals journals_;
  Usages usages_;
  std::string secret_;
  uint32_t last_number_ = 0;
  size_t namespace_count_ = 0;
};

}  // namespace memgrid::grid
