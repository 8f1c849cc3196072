#include "server/setup.h"

#include <algorithm>

#include "base/units.h"

namespace memgrid::server {
namespace {

constexpr uint64_t kDefaultBytes = 4 * base::kGiB;
constexpr uint64_t kLeastBytes = 64 * base::kMiB;

bool InMemory(const std::string& name, const config::Store& store) {
  return store.memory_only || (store.file.empty() && name != "default");
}

storage::StoreOptions OptionsOf(const std::string& name, const config::Store& from,
                                const std::string& data_dir, uint64_t fallback_bytes) {
  storage::StoreOptions to;
  to.name = name;
  if (InMemory(name, from)) {
    to.data_size = from.data_size != 0 ? from.data_size : fallback_bytes;
  } else {
    to.files = from.file;
    if (to.files.empty()) to.files.push_back(data_dir + "/shadow/" + name + ".0");
    to.filesize = from.filesize != 0 ? from.filesize : fallback_bytes;
  }
  to.commit_to_device = from.commit_to_device;
  to.direct_files = from.direct_files;
  to.disable_odsync = from.disable_odsync;
  to.flush_max_ms = from.flush_max_ms;
  to.max_write_cache = from.max_write_cache;
  to.defrag_lwm_pct = static_cast<int>(from.defrag_lwm_pct);
  to.defrag_queue_min = from.defrag_queue_min;
  to.defrag_sleep_us = from.defrag_sleep_us;
  to.evict_used_pct = static_cast<int>(from.evict_used_pct);
  to.stop_writes_used_pct = static_cast<int>(from.stop_writes_used_pct);
  to.stop_writes_avail_pct = static_cast<int>(from.stop_writes_avail_pct);
  to.shards = static_cast<int>(from.shards);
  return to;
}

}  // namespace

int LoopCount(const config::Config& config, const env::Machine& machine) {
  if (config.loops != 0) return static_cast<int>(config.loops);
  return std::clamp(machine.cpus, 1, 256);
}

std::vector<storage::StoreOptions> StoresOf(const config::Config& config,
                                            const env::Machine& machine) {
  uint64_t unsized = 0;
  for (const auto& [name, store] : config.stores) {
    unsized += (InMemory(name, store) ? store.data_size : store.filesize) == 0;
  }
  const uint64_t share = machine.memory_bytes / 2 / std::max<uint64_t>(1, unsized);
  const uint64_t fallback =
      std::max(kLeastBytes, std::min(kDefaultBytes, share / base::kMiB * base::kMiB));
  std::vector<storage::StoreOptions> stores;
  for (const auto& [name, store] : config.stores) {
    stores.push_back(OptionsOf(name, store, config.data_dir, fallback));
  }
  return stores;
}

grid::GridOptions GridOf(const config::Config& config) {
  grid::GridOptions options;
  for (const auto& [name, space] : config.namespaces) {
    options.namespaces.push_back({.name = name,
                                  .store = space.store,
                                  .default_ttl_ms = static_cast<uint64_t>(space.default_ttl_ms),
                                  .quota_bytes = space.quota_bytes});
  }
  options.auth.mode = config.auth.jwt ? grid::AuthSetting::kJwt : grid::AuthSetting::kOff;
  options.auth.key_files = config.auth.key_files;
  options.auth.audience = config.auth.audience;
  return options;
}

}  // namespace memgrid::server
