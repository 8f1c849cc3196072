#include "compare.h"

#include <algorithm>

#include "base/strings.h"

namespace memgrid::sim {
namespace {

using base::StrCat;
using storage::kPageBytes;
using storage::ReadOutcome;
using storage::Space;
using storage::testing::ModelRegion;
using storage::testing::ModelValue;

std::string Show(const ModelName& name) {
  return StrCat("ns ", name.ns, " space ", static_cast<int>(name.space), " `",
                name.name.substr(0, 24), "`");
}

std::string Joined(const base::Payload& payload) {
  std::string all;
  all.reserve(payload.size);
  for (std::string_view slice : payload.slices) all.append(slice);
  return all;
}

// Where two strings of one length differ.
std::string Difference(std::string_view is, std::string_view wanted) {
  if (is.size() != wanted.size()) return StrCat(is.size(), " bytes, not ", wanted.size());
  const auto at = std::mismatch(is.begin(), is.end(), wanted.begin()).first - is.begin();
  return StrCat("byte ", at, " of ", is.size());
}

std::string CompareValue(const Shard& shard, const ModelShard& model, const ModelName& name) {
  const ModelValue* const wanted = model.FindValue(name);
  storage::ValueRead read;
  shard.ReadValue(name.root(), shard.Hash(name.root()), read);
  if (wanted == nullptr) {
    if (read.outcome == ReadOutcome::kAbsent) return "";
    return StrCat(Show(name), " is there (", static_cast<int>(read.outcome), ", seq ", read.seq,
                  "), and should not be");
  }
  if (read.outcome != ReadOutcome::kFound) {
    return StrCat(Show(name), " of seq ", wanted->seq, " is missing: outcome ",
                  static_cast<int>(read.outcome));
  }
  if (read.seq != wanted->seq) {
    return StrCat(Show(name), " is of seq ", read.seq, ", not ", wanted->seq);
  }
  if (read.expiry_ms != wanted->expiry_ms) {
    return StrCat(Show(name), " expires at ", read.expiry_ms, ", not ", wanted->expiry_ms);
  }
  const std::string is = Joined(read.payload);
  const std::string bytes = storage::testing::Content(wanted->content, wanted->length);
  return is == bytes ? "" : StrCat(Show(name), " has other bytes: ", Difference(is, bytes));
}

std::string CompareBytes(const Shard& shard, const ModelRegion& model, const ModelName& name,
                         uint64_t offset, uint64_t length) {
  storage::RegionRead read;
  shard.ReadRegion(name.root(), shard.Hash(name.root()), offset, length, read);
  if (read.outcome != ReadOutcome::kFound) {
    return StrCat(Show(name), " read at ", offset, ": outcome ", static_cast<int>(read.outcome));
  }
  const std::string is = Joined(read.payload);
  const std::string wanted = model.Read(offset, length);
  if (is == wanted) return "";
  return StrCat(Show(name), " has other bytes from ", offset, ": ", Difference(is, wanted));
}

std::string CompareRegion(const Shard& shard, const ModelShard& model, const ModelName& name) {
  const ModelRegion* const wanted = model.FindRegion(name);
  storage::RegionRead read;
  shard.DescribeRegion(name.root(), shard.Hash(name.root()), read);
  if (wanted == nullptr) {
    return read.outcome == ReadOutcome::kAbsent ? "" : StrCat(Show(name), " should not be there");
  }
  if (read.outcome != ReadOutcome::kFound) {
    return StrCat(Show(name), " is missing: outcome ", static_cast<int>(read.outcome));
  }
  if (!(read.meta == wanted->meta)) {
    return StrCat(Show(name), " id ", read.meta.id, " size ", read.meta.size, " data ",
                  read.meta.data_length, " version ", read.meta.version, ", not id ",
                  wanted->meta.id, " size ", wanted->meta.size, " data ", wanted->meta.data_length,
                  " version ", wanted->meta.version);
  }
  const uint64_t size = wanted->meta.size;
  std::string wrong = CompareBytes(shard, *wanted, name, 0, std::min<uint64_t>(size, 256u << 10));
  for (const auto& [page, bytes] : wanted->pages()) {
    if (!wrong.empty()) break;
    const uint64_t from = page * kPageBytes;
    if (from >= size) break;
    wrong = CompareBytes(shard, *wanted, name, from, std::min(2 * kPageBytes, size - from));
  }
  return wrong;
}

std::string CompareLists(const Shard& shard, const ModelShard& model, uint32_t ns, Space space) {
  std::vector<std::string> is;
  shard.List(ns, space, "", "", [&](std::string_view name) {
    is.emplace_back(name);
    return true;
  });
  const std::vector<std::string> wanted = model.List(ns, space);
  if (is == wanted) return "";
  return StrCat("list of ns ", ns, " space ", static_cast<int>(space), ": ", is.size(),
                " names, not ", wanted.size(), ", or others");
}

std::string CompareScan(const Shard& shard, const ModelShard& model) {
  std::set<ModelName> is;
  shard.Scan(Space::kGrid, [&](storage::RecordView record) {
    is.insert({record.ns(), record.space(), std::string(record.key())});
  });
  std::set<ModelName> wanted;
  for (const auto& [name, value] : model.values()) {
    if (name.space == Space::kGrid) wanted.insert(name);
  }
  return is == wanted ? "" : StrCat("scan: ", is.size(), " records, not ", wanted.size());
}

bool IsLost(const Shard& shard, const ModelName& name) {
  storage::ValueRead value;
  storage::RegionRead region;
  const uint64_t hash = shard.Hash(name.root());
  shard.ReadValue(name.root(), hash, value);
  shard.DescribeRegion(name.root(), hash, region);
  return value.outcome == ReadOutcome::kLost || region.outcome == ReadOutcome::kLost;
}

}  // namespace

std::string CompareName(const Shard& shard, const ModelShard& model, const ModelName& name,
                        bool rot) {
  if (rot && IsLost(shard, name)) return "";
  return name.space == Space::kRegions ? CompareRegion(shard, model, name)
                                       : CompareValue(shard, model, name);
}

std::string CompareAll(const Shard& shard, const ModelShard& model,
                       const std::set<ModelName>& names, bool rot) {
  if (shard.clock_ms() != model.clock_ms()) {
    return StrCat("clock ", shard.clock_ms(), ", not ", model.clock_ms());
  }
  std::set<std::pair<uint32_t, Space>> lists;
  for (const ModelName& name : names) {
    std::string wrong = CompareName(shard, model, name, rot);
    if (!wrong.empty()) return wrong;
    lists.insert({name.ns, name.space});
  }
  if (rot) return "";  // whether lost names are listed is not promised
  for (const auto& [ns, space] : lists) {
    std::string wrong = CompareLists(shard, model, ns, space);
    if (!wrong.empty()) return wrong;
  }
  return CompareScan(shard, model);
}

}  // namespace memgrid::sim
