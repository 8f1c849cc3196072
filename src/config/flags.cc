// The command line of memgridd.

#include <CLI/CLI.hpp>
#include <fstream>
#include <sstream>

#include "base/status.h"
#include "config/settings.h"

namespace memgrid::config {
namespace {

constexpr uintmax_t kMaxConfigBytes = 1 << 20;

// What was said on the command line; applied after the file, so that a flag wins.
struct Flags {
  std::string config_file;
  std::string data_dir, store, grpc, redis, http, nvme, raft, auth;
  std::vector<std::string> key_files;
  std::string name, initial_cluster, join;
  bool insecure = false, print_settings = false, version = false;
};

void Declare(CLI::App& app, Flags& f) {
  app.add_option("--config", f.config_file, "TOML file of settings")->type_name("FILE");
  app.add_option("--data-dir", f.data_dir,
                 "folder of everything that is kept (default ./memgrid-data)")
      ->type_name("DIR");
  app.add_option("--store", f.store,
                 "what an acknowledged write of the default store survives: memory, shadow "
                 "(default) or device")
      ->type_name("LEVEL");
  app.add_option("--grpc", f.grpc, "gRPC door (default 127.0.0.1:50051)")->type_name("ADDR");
  app.add_option("--http", f.http, "HTTP door: metrics, health (default 127.0.0.1:8080)")
      ->type_name("ADDR");
  app.add_option("--auth", f.auth, "off (default) or jwt")->type_name("MODE");
  app.add_option("--auth-key", f.key_files, "file of an HS256 key; may be given again")
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->type_name("FILE");
  app.add_flag("--insecure", f.insecure, "listen off loopback without authentication");
  app.add_flag("--print-settings", f.print_settings,
               "print every setting with its range, and leave");
  app.add_flag("--version", f.version, "print the version, and leave");
  // Doors and roles that are not built in yet: accepted as `off`, so that scripts can name them.
  for (auto [flag, target] : {std::pair{"--redis", &f.redis},
                              {"--nvme", &f.nvme},
                              {"--raft", &f.raft},
                              {"--name", &f.name},
                              {"--initial-cluster", &f.initial_cluster},
                              {"--join", &f.join}}) {
    app.add_option(flag, *target)->group("");
  }
}

absl::StatusOr<std::string> ReadFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary | std::ios::ate);
  if (!in) return base::InvalidArgument(path, ": cannot be read");
  if (in.tellg() < 0 || static_cast<uintmax_t>(in.tellg()) > kMaxConfigBytes) {
    return base::InvalidArgument(path, ": a configuration has at most 1 MiB");
  }
  in.seekg(0);
  std::ostringstream text;
  text << in.rdbuf();
  return std::move(text).str();
}

absl::Status ApplyStoreLevel(const std::string& level, Config& config) {
  if (level.empty()) return absl::OkStatus();
  Store& store = config.stores["default"];
  if (level == "memory") {
    store.file.clear();
    store.device.clear();
    store.filesize = 0;
    store.commit_to_device = false;
    store.memory_only = true;
  } else if (level == "shadow" || level == "device") {
    store.data_size = 0;
    store.memory_only = false;
    store.commit_to_device = level == "device";
  } else {
    return base::InvalidArgument("--store ", level, ": must be memory, shadow or device");
  }
  return absl::OkStatus();
}

absl::Status Apply(const Flags& f, Config& config) {
  for (auto [said, target] : {std::pair{&f.data_dir, &config.data_dir},
                              {&f.grpc, &config.listen.grpc},
                              {&f.redis, &config.listen.redis},
                              {&f.http, &config.listen.http},
                              {&f.nvme, &config.listen.nvme},
                              {&f.raft, &config.listen.raft}}) {
    if (!said->empty()) *target = *said;
  }
  for (auto [flag, said] : {std::pair{"--name", &f.name},
                            {"--initial-cluster", &f.initial_cluster},
                            {"--join", &f.join}}) {
    if (!said->empty() && *said != "off") {
      return base::InvalidArgument(flag, " ", *said,
                                   ": clusters are not built in yet; only off is allowed");
    }
  }
  if (!f.auth.empty()) {
    if (f.auth != "off" && f.auth != "jwt")
      return base::InvalidArgument("--auth ", f.auth, ": must be off or jwt");
    config.auth.jwt = f.auth == "jwt";
  }
  if (!f.key_files.empty()) config.auth.key_files = f.key_files;
  config.insecure = f.insecure;
  return ApplyStoreLevel(f.store, config);
}

std::string OneLine(std::string text) {
  for (char& c : text) {
    if (c == '\n') c = ' ';
  }
  return text;
}

}  // namespace

absl::StatusOr<CommandLine> FromCommandLine(int argc, const char* const* argv) {
  CommandLine out;
  Flags flags;
  CLI::App app("Shared memory for a fleet of processes: keys and regions, in RAM, durable.",
               "memgridd");
  app.option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  Declare(app, flags);
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    out.text = app.help();
    return out;
  } catch (const CLI::ParseError& error) {
    return base::InvalidArgument(OneLine(error.what()), " (see memgridd --help)");
  }
  if (flags.version) {
    out.text = "memgridd " MEMGRID_VERSION "\n";
    return out;
  }
  if (flags.print_settings) {
    out.text = SettingsReference();
    return out;
  }
  if (!flags.config_file.empty()) {
    absl::StatusOr<std::string> text = ReadFile(flags.config_file);
    if (!text.ok()) return text.status();
    MEMGRID_RETURN_IF_ERROR(AddToml(*text, flags.config_file, out.config));
  }
  MEMGRID_RETURN_IF_ERROR(Apply(flags, out.config));
  out.config.stores["default"];  // there always is one
  MEMGRID_RETURN_IF_ERROR(Check(out.config));
  return out;
}

}  // namespace memgrid::config
