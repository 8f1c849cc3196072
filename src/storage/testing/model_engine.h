// A shard as plain maps: what the engine must be equal to. For simulations and tests.
//
// Bytes of values are told by a number and a length, not kept: Content(number, length) makes them.

#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "storage/name.h"
#include "storage/record.h"
#include "storage/region/region.h"

namespace memgrid::storage::testing {

// `length` bytes that `number` stands for.
std::string Content(uint64_t number, size_t length);

struct ModelName {
  uint32_t ns = 0;
  Space space = Space::kKeys;
  std::string name;

  RootName root() const { return {ns, space, name}; }
  friend auto operator<=>(const ModelName&, const ModelName&) = default;
};

// One change of a command, with the arguments that its kind needs.
struct ModelOp {
  enum class Kind : uint8_t {
    kPut,     // content, length, expiry_ms
    kGrid,    // content, length, record
    kRemove,
    kCreate,  // size: a region, without bytes
    kWrite,   // offset, content, length: bytes of a region
    kResize,  // size
    kTick,    // clock_ms
  };
  Kind kind = Kind::kPut;
  ModelName name;
  uint64_t content = 0;
  uint64_t length = 0;
  uint64_t expiry_ms = 0;
  uint64_t offset = 0;
  uint64_t size = 0;
  uint64_t clock_ms = 0;
  storage::Kind record = storage::Kind::kSession;
};

// Each name at most once.
struct ModelCommand {
  uint64_t seq = 0;
  std::vector<ModelOp> ops;
};

struct ModelValue {
  uint64_t seq = 0;
  uint64_t expiry_ms = 0;  // 0 = never
  uint64_t content = 0;
  uint64_t length = 0;
};

// Bytes of a region: a map of the pages that were ever written.
class ModelRegion {
 public:
  explicit ModelRegion(uint64_t seq = 0, uint64_t size = 0) {
    meta.id = meta.version = seq;
    meta.size = size;
  }

  void Write(uint64_t offset, std::string_view data);
  void Resize(uint64_t size);
  std::string Read(uint64_t offset, uint64_t length) const;
  // Starts of the pages that may hold other bytes than zeros.
  const std::map<uint64_t, std::string>& pages() const { return pages_; }

  RegionMeta meta;

 private:
  std::map<uint64_t, std::string> pages_;  // by number
};

class ModelShard {
 public:
  void Apply(const ModelCommand& command);

  // Null if absent or expired.
  const ModelValue* FindValue(const ModelName& name) const;
  const ModelRegion* FindRegion(const ModelName& name) const;
  // Live names of a namespace and space, in order.
  std::vector<std::string> List(uint32_t ns, Space space) const;
  // What Remove answers.
  bool Exists(const ModelName& name) const;

  uint64_t clock_ms() const { return clock_ms_; }
  // Least deadline that is pending; ~0 if none.
  uint64_t NextDeadline() const;
  // Bytes of values and touched pages of regions.
  uint64_t bytes() const;
  const std::map<ModelName, ModelValue>& values() const { return values_; }
  const std::map<ModelName, ModelRegion>& regions() const { return regions_; }

 private:
  void Change(uint64_t seq, const ModelOp& op);

  std::map<ModelName, ModelValue> values_;
  std::map<ModelName, ModelRegion> regions_;
  uint64_t clock_ms_ = 0;
};

}  // namespace memgrid::storage::testing
