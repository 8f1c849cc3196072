// Rules that span several settings.

#include "base/status.h"
#include "config/settings.h"

namespace memgrid::config {
namespace {

// "127.x.y.z", "[::1]", "localhost": only processes of this machine get there.
bool OnLoopback(std::string_view address) {
  return address.starts_with("127.") || address.starts_with("[::1]:") ||
         address.starts_with("localhost:");
}

absl::Status CheckDoors(const Config& config) {
  const Listen& listen = config.listen;
  const std::pair<std::string_view, const std::string*> absent[] = {
      {"redis", &listen.redis}, {"nvme", &listen.nvme}, {"raft", &listen.raft}};
  for (const auto& [name, address] : absent) {
    if (*address != "off") {
      return base::InvalidArgument(name, " = \"", *address,
                                   "\": this door is not built in yet; only off is allowed");
    }
  }
  const std::pair<std::string_view, const std::string*> doors[] = {{"grpc", &listen.grpc},
                                                                   {"http", &listen.http}};
  for (const auto& [name, address] : doors) {
    if (*address == "off") continue;
    if (address->find(':') == std::string::npos) {
      return base::InvalidArgument(name, " = \"", *address, "\" must be HOST:PORT or off");
    }
    if (!OnLoopback(*address) && !config.auth.jwt && !config.insecure) {
      return base::InvalidArgument(
          name, " = \"", *address,
          "\" is reachable from other machines: set --auth jwt, or say --insecure");
    }
  }
  return absl::OkStatus();
}

absl::Status CheckStore(const std::string& name, const Store& store) {
  const auto refuse = [&](auto&&... what) {
    return base::InvalidArgument("[store.", name, "] ", what...);
  };
  if (!store.device.empty()) return refuse("device: raw devices are not built in yet; use file");
  if (!store.file.empty() && store.data_size != 0) {
    return refuse("data-size is for stores without file; use filesize");
  }
  if (!store.file.empty() && store.filesize == 0) return refuse("file needs filesize");
  if (store.commit_to_device && store.disable_odsync) {
    return refuse("commit-to-device and disable-odsync exclude each other");
  }
  // The default store has a file of its own unless it is told otherwise; others live in memory
  // unless given one.
  const bool shadow = !store.file.empty() || (name == "default" && !store.memory_only);
  if (store.commit_to_device && !shadow) return refuse("commit-to-device needs file");
  if (store.evict_used_pct != 0)
    return refuse("evict-used-pct: eviction is not built in yet; only off is allowed");
  for (size_t i = 0; i < store.file.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      if (store.file[i] == store.file[j]) return refuse("file names \"", store.file[i], "\" twice");
    }
  }
  return absl::OkStatus();
}

bool GoodName(std::string_view name) {
  if (name.empty() || name.size() > 128) return false;
  for (char c : name) {
    if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
          c == '_' || c == '-')) {
      return false;
    }
  }
  return true;
}

}  // namespace

absl::Status Check(const Config& config) {
  MEMGRID_RETURN_IF_ERROR(CheckDoors(config));
  for (const auto& [name, store] : config.stores) {
    if (!GoodName(name)) {
      return base::InvalidArgument("[store.", name, "]: a name is 1 to 128 of A-Z a-z 0-9 . _ -");
    }
    MEMGRID_RETURN_IF_ERROR(CheckStore(name, store));
  }
  for (const auto& [name, space] : config.namespaces) {
    if (!GoodName(name)) {
      return base::InvalidArgument("[namespace.", name,
                                   "]: a name is 1 to 128 of A-Z a-z 0-9 . _ -");
    }
    if (space.store != "default" && !config.stores.contains(space.store)) {
      return base::InvalidArgument("[namespace.", name, "] store = \"", space.store,
                                   "\": there is no [store.", space.store, "]");
    }
  }
  if (config.auth.jwt && config.auth.key_files.empty()) {
    return base::InvalidArgument("[auth] mode = \"jwt\" needs key-files");
  }
  return absl::OkStatus();
}

std::string SettingsReference() {
  std::string out =
      "# Settings\n\nMade from the table in `src/config/settings.cc` by `memgridd "
      "--print-settings`.\n";
  std::string_view section;
  for (const Setting& row : Settings()) {
    if (row.section != section) {
      section = row.section;
      out += base::StrCat("\n## [", section, IsNamedSection(section) ? ".NAME" : "",
                          "]\n\n| setting | allowed | default | meaning |\n|---|---|---|---|\n");
    }
    out += base::StrCat("| `", row.name, "` | ", Allowed(row), " | ", row.fallback, " | ", row.help,
                        " |\n");
  }
  return out;
}

}  // namespace memgrid::config
