#include "frontend/grpc/method_table.h"

#include <bit>

#include "base/check.h"
#include "base/hash.h"

namespace memgrid::frontend::grpc {
namespace {

// The names are ours, so nobody can choose colliding ones: no seed is needed.
uint64_t HashPath(std::string_view path) { return XXH3_64bits(path.data(), path.size()); }

}  // namespace

MethodTable::MethodTable(const std::vector<Service>& services) {
  size_t count = 0;
  for (const Service& service : services) count += service.methods.size();
  slots_.resize(std::bit_ceil(count * 2 + 1));
  for (const Service& service : services) {
    for (const Method& method : service.methods) {
      MEMGRID_CHECK(Find(method.path) == nullptr, "method ", method.path, " is there twice");
      uint64_t hash = HashPath(method.path);
      size_t i = hash & (slots_.size() - 1);
      while (slots_[i].method != nullptr) i = (i + 1) & (slots_.size() - 1);
      slots_[i] = {hash, &method};
    }
  }
}

const Method* MethodTable::Find(std::string_view path) const {
  uint64_t hash = HashPath(path);
  for (size_t i = hash & (slots_.size() - 1);; i = (i + 1) & (slots_.size() - 1)) {
    const Slot& slot = slots_[i];
    if (slot.method == nullptr) return nullptr;
    if (slot.hash == hash && slot.method->path == path) return slot.method;
  }
}

}  // namespace memgrid::frontend::grpc
