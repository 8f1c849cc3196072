// The inside of a Grid.

#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "grid/auth.h"
#include "grid/grid.h"
#include "grid/namespaces.h"
#include "grid/shard_host.h"
#include "storage/store.h"

namespace memgrid::grid {

// A store at work: its shards, each on its owner's loop.
struct StoreAtWork {
  storage::Store* store;
  std::vector<std::unique_ptr<ShardHost>> shards;

  // Where a namespace of that name lies: always the same shard, one that nobody can choose.
  ShardHost& Place(std::string_view ns) const;
  std::string_view durability() const;
};

struct Grid::Parts {
  Parts(GridOptions asked, env::LoopGroup& group);

  // The namespace if `caller` may use it, else null.
  NamespaceEntry* Find(std::string_view caller, std::string_view ns) const {
    NamespaceEntry* const entry = namespaces.Find(ns);
    return entry != nullptr && MayUse(caller, *entry) ? entry : nullptr;
  }
  bool MayUse(std::string_view caller, const NamespaceEntry& entry) const {
    return options.auth.mode == AuthSetting::kOff || entry.owner() == caller;
  }
  // OK while calls are answered.
  absl::Status Serving() const;
  StoreAtWork* StoreOf(std::string_view name);
  // The store that the configuration names for `ns`.
  StoreAtWork* StoreForNamespace(std::string_view ns);

  // Start's second half, on loop 0: every configured namespace fits its store, and is there.
  absl::Status CheckPlaces();
  void CreateConfigured(size_t index, absl::AnyInvocable<void(absl::Status)> done);

  // The namespace of a request that may go on; null, with the refusal, otherwise.
  template <typename Request>
  NamespaceEntry* Enter(const Context& context, const Request& request, absl::Status* status) const;

  // Carries `command` out on the shard and answers.
  template <typename Request>
  void Carry(const Context& context, ShardHost& host, const Command& command,
             const Request& request, base::Buffer&& bytes, Done<Request, WriteAnswer> done);
  // `make` fills the command for the namespace.
  template <typename Request, typename Make>
  void Change(const Context& context, const Request& request, base::Buffer&& bytes,
              Done<Request, WriteAnswer>&& done, Make make);
  template <typename Request, typename Answer>
  void Read(const Context& context, const Request& request, base::Buffer&& bytes,
            Done<Request, Answer>&& done);
  void Page(const Context& context, storage::Space space, const List& request, base::Buffer&& bytes,
            Done<List, ListAnswer>&& done);

  LoopCounters& counters(int loop) { return common.counters[static_cast<size_t>(loop)]; }
  void Send(int from, ShardHost& host, std::unique_ptr<Journey> journey);

  enum class State : uint8_t { kStarting, kServing, kStopping };

  const GridOptions options;
  env::LoopGroup& loops;
  Namespaces namespaces;
  Common common;
  AuthKeys keys;
  std::vector<std::unique_ptr<Verifier>> verifiers;  // by loop
  std::vector<StoreAtWork> stores;
  std::atomic<State> state{State::kStarting};
};

}  // namespace memgrid::grid
