// What a server is told to do: flags over file over defaults, every value checked before anything
// is started.

#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace memgrid::config {

// [listen]: "HOST:PORT", port 0 takes a free one, "off" closes the door. Doors that are not built
// in are `off` and refuse anything else.
struct Listen {
  std::string grpc = "127.0.0.1:50051";
  std::string redis = "off";
  std::string http = "127.0.0.1:8080";
  std::string nvme = "off";
  std::string raft = "off";
};

// [store.NAME]: the parameters of the memory storage engine (settings.cc gives ranges and meaning).
struct Store {
  std::string storage_engine = "memory";
  std::vector<std::string> file;
  std::vector<std::string> device;
  uint64_t filesize = 0;   // bytes; 0 = not given
  uint64_t data_size = 0;  // bytes; 0 = not given
  bool commit_to_device = false;
  bool direct_files = false;
  bool disable_odsync = false;
  int64_t flush_max_ms = 1000;
  uint64_t max_write_cache = 64u << 20;
  int64_t defrag_lwm_pct = 50;
  int64_t defrag_queue_min = 0;
  int64_t defrag_sleep_us = 1000;
  int64_t evict_used_pct = 0;
  int64_t stop_writes_used_pct = 70;
  int64_t stop_writes_avail_pct = 5;
  int64_t shards = 0;  // 0 = chosen at creation
  // Lives in memory only: said by `--store memory`, or by data-size.
  bool memory_only = false;
};

// [namespace.NAME]: exists from the start on.
struct Namespace {
  std::string store = "default";
  int64_t default_ttl_ms = 0;
  uint64_t quota_bytes = 0;  // of keys and values; 0 = none
};

struct Auth {
  bool jwt = false;
  std::vector<std::string>
      key_files;         // >= 32 raw bytes each (HS256); the file's stem is the key id
  std::string audience;  // empty: not checked
};

struct Config {
  std::string data_dir = "./memgrid-data";
  bool insecure = false;
  int64_t loops = 0;  // 0 = one a core
  Listen listen;
  std::map<std::string, Store> stores;
  std::map<std::string, Namespace> namespaces;
  Auth auth;
};

// How to answer a command line: serve, or print `text` and exit 0.
struct CommandLine {
  Config config;
  std::string text;  // of --help, --version, --print-settings; empty = serve
};

// Reads the command line and the file that it names. What the machine decides (sizes that were not
// given) is left 0. INVALID_ARGUMENT with one line: file and line where there is one, setting, what
// is allowed, the nearest known name.
absl::StatusOr<CommandLine> FromCommandLine(int argc, const char* const* argv);

// Adds the settings of a TOML text to `config`. `path` is for messages. Errors as above.
absl::Status AddToml(std::string_view toml, const std::string& path, Config& config);

// The rules that span several settings (files without a size, doors off loopback, doors that are
// not built in).
absl::Status Check(const Config& config);

// docs/reference/settings.md, made from the table of settings.
std::string SettingsReference();

}  // namespace memgrid::config
