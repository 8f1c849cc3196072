#include "grid/shard_state.h"

#include <algorithm>
#include <memory>
#include <tuple>
#include <vector>

#include "base/status.h"

namespace memgrid::grid {
namespace {

struct LoadedSession {
  uint64_t seq;
  ClientId client;
  Session session;
};

}  // namespace

absl::Status ShardState::Load() {
  std::vector<LoadedSession> sessions;
  absl::Status status;
  std::vector<std::pair<std::string, std::string>> namespaces;  // record name, body
  shard_.Scan(storage::Space::kGrid, [&](storage::RecordView record) {
    const std::string_view name = record.key();
    LoadedSession loaded{.seq = record.seq()};
    if (name == "c" && record.body().size() == kSecretBytes) {
      set_secret(record.body());
    } else if (name.starts_with('n')) {
      namespaces.emplace_back(name, record.body());
    } else if (DecodeSession(name, record.body(), &loaded.client, &loaded.session)) {
      sessions.push_back(loaded);
    } else {
      status = base::DataLoss("shard ", shard_.number(),
                              ": a record of the grid is not understood (kind ",
                              static_cast<int>(record.kind()), ", command ", record.seq(), ")");
    }
  });
  MEMGRID_RETURN_IF_ERROR(status);
  for (const auto& [record_name, body] : namespaces) {
    std::string_view name, owner;
    uint32_t number = 0;
    if (!DecodeNamespace(record_name, body, &name, &number, &owner)) {
      return base::DataLoss("shard ", shard_.number(),
                            ": the record of a namespace is not understood");
    }
    if (namespaces_.Find(name) != nullptr) {
      return base::FailedPrecondition("namespace \"", name, "\" is there twice: in two stores");
    }
    AddNamespace(name, number, owner);
  }
  // Oldest first: the order of use is the order of the commands.
  std::sort(sessions.begin(), sessions.end(), [](const LoadedSession& a, const LoadedSession& b) {
    return std::tie(a.session.used_ms, a.seq) < std::tie(b.session.used_ms, b.seq);
  });
  for (const LoadedSession& loaded : sessions) sessions_.Set(loaded.client, loaded.session);
  return absl::OkStatus();
}

void ShardState::AddNamespace(std::string_view name, uint32_t number, std::string_view owner) {
  last_number_ = std::max(last_number_, number);
  ++namespace_count_;
  const auto configured = limits_.find(base::ToAbsl(name));
  const NamespaceLimits limits =
      configured == limits_.end() ? NamespaceLimits{} : configured->second;
  if (limits.quota_bytes != 0) {
    CountUsage(number, usages_.try_emplace(number, Usage(limits.quota_bytes)).first->second);
  }
  namespaces_.Add(std::make_unique<NamespaceEntry>(std::string(name), host_, number,
                                                   std::string(owner), limits));
}

void ShardState::CountUsage(uint32_t ns, Usage& usage) const {
  shard_.List(ns, storage::Space::kKeys, "", "", [&](std::string_view name) {
    const storage::RootName root{ns, storage::Space::kKeys, name};
    storage::ValueRead read;
    shard_.ReadValue(root, shard_.Hash(root), read);
    if (read.outcome == storage::ReadOutcome::kFound)
      usage.Add(name.size() + read.payload.size, read.expiry_ms);
    return true;
  });
  shard_.List(ns, storage::Space::kRegions, "", "", [&](std::string_view name) {
    const storage::RootName root{ns, storage::Space::kRegions, name};
    storage::RegionRead read;
    shard_.DescribeRegion(root, shard_.Hash(root), read);
    if (read.outcome == storage::ReadOutcome::kFound)
      usage.Add(name.size() + read.meta.data_length, 0);
    return true;
  });
}

}  // namespace memgrid::grid
