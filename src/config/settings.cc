#include "config/settings.h"

#include <algorithm>
#include <array>
#include <numeric>

#include "base/strings.h"
#include "base/units.h"

namespace memgrid::config {
namespace {

using T = SettingTarget;
using V = SettingValue;
using enum SettingType;

constexpr int64_t kMega = int64_t{1} << 20;
constexpr int64_t kGiga = int64_t{1} << 30;
constexpr int64_t kTera = int64_t{1} << 40;

constexpr Setting kSettings[] = {
    {"server", "loops", kInteger, 1, 256, "one a core", "",
     "Event loops, a thread each. The default honours the CPU limit of the control group.",
     [](T& t, V&& v) { t.config->loops = v.number; }},
    {"server", "data-dir", kText, 0, 0, "./memgrid-data", "",
     "Folder of everything that the server keeps. One server at a time.",
     [](T& t, V&& v) { t.config->data_dir = std::move(v.text); }},

    {"listen", "grpc", kText, 0, 0, "127.0.0.1:50051", "", "gRPC: HOST:PORT, or off.",
     [](T& t, V&& v) { t.config->listen.grpc = std::move(v.text); }},
    {"listen", "http", kText, 0, 0, "127.0.0.1:8080", "",
     "HTTP (metrics, health): HOST:PORT, or off.",
     [](T& t, V&& v) { t.config->listen.http = std::move(v.text); }},
    {"listen", "redis", kText, 0, 0, "off", "", "Not built in yet: only off is allowed.",
     [](T& t, V&& v) { t.config->listen.redis = std::move(v.text); }},
    {"listen", "nvme", kText, 0, 0, "off", "", "Not built in yet: only off is allowed.",
     [](T& t, V&& v) { t.config->listen.nvme = std::move(v.text); }},
    {"listen", "raft", kText, 0, 0, "off", "", "Not built in yet: only off is allowed.",
     [](T& t, V&& v) { t.config->listen.raft = std::move(v.text); }},

    {"auth", "mode", kChoice, 0, 0, "off", "off|jwt",
     "Whether callers must show a token. Off loopback it must be jwt, or the server is told "
     "--insecure.",
     [](T& t, V&& v) { t.config->auth.jwt = v.text == "jwt"; }},
    {"auth", "key-files", kTexts, 0, 0, "none", "",
     "HS256 keys: files of at least 32 raw bytes; the file name without its ending is the key id.",
     [](T& t, V&& v) { t.config->auth.key_files = std::move(v.texts); }},
    {"auth", "audience", kText, 0, 0, "none", "", "What a token's `aud` must name.",
     [](T& t, V&& v) { t.config->auth.audience = std::move(v.text); }},

    {"store", "storage-engine", kChoice, 0, 0, "memory", "memory", "The engine of the store.",
     [](T& t, V&& v) { t.store->storage_engine = std::move(v.text); }},
    {"store", "file", kTexts, 0, 0, "DATA-DIR/shadow/default.0 for the default store", "",
     "Shadow files, one a stripe. Needs filesize.",
     [](T& t, V&& v) { t.store->file = std::move(v.texts); }},
    {"store", "device", kTexts, 0, 0, "none", "", "Raw devices. Not built in yet.",
     [](T& t, V&& v) { t.store->device = std::move(v.texts); }},
    {"store", "filesize", kBytes, 64 * kMega, 2 * kTera,
     "4G, or half of the memory limit if that is less", "", "Size of each shadow file.",
     [](T& t, V&& v) { t.store->filesize = static_cast<uint64_t>(v.number); }},
    {"store", "data-size", kBytes, 64 * kMega, 2 * kTera,
     "4G, or half of the memory limit if that is less", "",
     "Memory of a store without shadow; not together with file.",
     [](T& t, V&& v) {
       t.store->data_size = static_cast<uint64_t>(v.number);
       t.store->memory_only = true;
     }},
    {"store", "commit-to-device", kBool, 0, 0, "false", "",
     "Acknowledge a write when it is on the device. Needs file.",
     [](T& t, V&& v) { t.store->commit_to_device = v.flag; }},
    {"store", "direct-files", kBool, 0, 0, "false", "",
     "Refuse file systems without direct I/O instead of going through the page cache.",
     [](T& t, V&& v) { t.store->direct_files = v.flag; }},
    {"store", "disable-odsync", kBool, 0, 0, "false", "",
     "Do not wait for the device's cache. Gives up durability; excludes commit-to-device.",
     [](T& t, V&& v) { t.store->disable_odsync = v.flag; }},
    {"store", "flush-max-ms", kInteger, 1, 60000, "1000", "",
     "What a crash may cost at most in a store without commit-to-device, in ms.",
     [](T& t, V&& v) { t.store->flush_max_ms = v.number; }},
    {"store", "max-write-cache", kBytes, 16 * kMega, 16 * kGiga, "64M", "",
     "Bytes a stripe that may wait for the device; from half of it on writers are slowed.",
     [](T& t, V&& v) { t.store->max_write_cache = static_cast<uint64_t>(v.number); }},
    {"store", "defrag-lwm-pct", kInteger, 1, 99, "50", "",
     "Wblocks with less live data than this may be rewritten.",
     [](T& t, V&& v) { t.store->defrag_lwm_pct = v.number; }},
    {"store", "defrag-queue-min", kInteger, 0, 1 << 20, "0", "",
     "Wblocks that must be worth rewriting before any is.",
     [](T& t, V&& v) { t.store->defrag_queue_min = v.number; }},
    {"store", "defrag-sleep", kInteger, 0, 1000000, "1000", "",
     "Pause between two rewritten wblocks, in µs.",
     [](T& t, V&& v) { t.store->defrag_sleep_us = v.number; }},
    {"store", "evict-used-pct", kPercent, 1, 100, "off", "",
     "Eviction is not built in yet: only off is allowed.",
     [](T& t, V&& v) { t.store->evict_used_pct = v.number; }},
    {"store", "stop-writes-used-pct", kInteger, 1, 85, "70", "",
     "Writes stop when live data takes this much of the store. Deletes go on.",
     [](T& t, V&& v) { t.store->stop_writes_used_pct = v.number; }},
    {"store", "stop-writes-avail-pct", kInteger, 0, 99, "5", "",
     "Writes stop when less than this is free in wblocks.",
     [](T& t, V&& v) { t.store->stop_writes_avail_pct = v.number; }},
    {"store", "shards", kInteger, 1, 1024, "2 x loops, at most wblocks / 16", "",
     "Units of ownership; fixed when the store is created.",
     [](T& t, V&& v) { t.store->shards = v.number; }},

    {"namespace", "store", kText, 0, 0, "default", "", "The store that it lives in.",
     [](T& t, V&& v) { t.name_space->store = std::move(v.text); }},
    {"namespace", "default-ttl-ms", kInteger, 0, INT64_MAX, "0", "",
     "Milliseconds to live of keys that are put without saying so; 0 = for ever.",
     [](T& t, V&& v) { t.name_space->default_ttl_ms = v.number; }},
    {"namespace", "quota-bytes", kBytes, 0, INT64_MAX, "none", "",
     "Bytes of names, values and touched pages that it may hold; 0 = no limit.",
     [](T& t, V&& v) { t.name_space->quota_bytes = static_cast<uint64_t>(v.number); }},
};

std::string Quoted(std::string_view choices) {
  std::string out = "\"";
  for (char c : choices) {
    if (c == '|') {
      out += "\" or \"";
    } else {
      out += c;
    }
  }
  return out + "\"";
}

size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t above = row[j];
      row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1])});
      diagonal = above;
    }
  }
  return row[b.size()];
}

}  // namespace

std::span<const Setting> Settings() { return kSettings; }

bool IsNamedSection(std::string_view section) {
  return section == "store" || section == "namespace";
}

std::string Allowed(const Setting& setting) {
  const auto range = [&](auto&& text) {
    if (setting.maximum == INT64_MAX) return base::StrCat(text(setting.minimum), " or more");
    return base::StrCat(text(setting.minimum), " to ", text(setting.maximum));
  };
  const auto bytes = [](int64_t n) { return base::ExactBytes(static_cast<uint64_t>(n)); };
  const auto plain = [](int64_t n) { return base::StrCat(n); };
  switch (setting.type) {
    case kBool:
      return "true or false";
    case kInteger:
      return range(plain);
    case kBytes:
      return range(bytes);
    case kPercent:
      return base::StrCat("\"off\", or ", range(plain));
    case kText:
      return "a text";
    case kChoice:
      return Quoted(setting.choices);
    case kTexts:
      return "a list of texts";
  }
  return "";
}

std::string_view Nearest(std::string_view name, std::span<const std::string_view> candidates) {
  std::string_view best;
  size_t least = name.size() / 2 + 1;  // farther than this is not a slip of the finger
  for (std::string_view candidate : candidates) {
    if (candidate.size() > 64 || name.size() > 64) continue;
    const size_t distance = EditDistance(name, candidate);
    if (distance < least) {
      least = distance;
      best = candidate;
    }
  }
  return best;
}

}  // namespace memgrid::config
