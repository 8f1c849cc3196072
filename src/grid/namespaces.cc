#include "grid/namespaces.h"

#include <utility>

#include "base/check.h"
#include "base/endian.h"
#include "base/hash.h"

namespace memgrid::grid {
NamespaceEntry::~NamespaceEntry() {
  delete owner_.load(std::memory_order_relaxed);
  delete before_claim_;
}

void NamespaceEntry::Claim(std::string_view owner) {
  MEMGRID_CHECK(before_claim_ == nullptr, "namespace ", name_, " is claimed twice");
  before_claim_ = owner_.exchange(new std::string(owner), std::memory_order_acq_rel);
}

Namespaces::Namespaces(std::span<const char, 16> seed)
    : hash_(std::make_unique<base::HashKey>(seed)),
      buckets_(new std::atomic<NamespaceEntry*>[kBuckets]()) {}

Namespaces::~Namespaces() {
  for (size_t i = 0; i < kBuckets; ++i) {
    NamespaceEntry* entry = buckets_[i].load(std::memory_order_relaxed);
    while (entry != nullptr) delete std::exchange(entry, entry->next_);
  }
}

NamespaceEntry* Namespaces::Find(std::string_view name) const {
  const uint64_t hash = hash_->Hash(name);
  NamespaceEntry* entry = buckets_[hash % kBuckets].load(std::memory_order_acquire);
  while (entry != nullptr && (entry->hash_ != hash || entry->name_ != name)) entry = entry->next_;
  return entry;
}

NamespaceEntry& Namespaces::Add(std::unique_ptr<NamespaceEntry> entry) {
  MEMGRID_CHECK(Find(entry->name()) == nullptr, "namespace ", entry->name(), " is there already");
  NamespaceEntry* const added = entry.release();
  added->hash_ = hash_->Hash(added->name_);
  std::atomic<NamespaceEntry*>& head = buckets_[added->hash_ % kBuckets];
  added->next_ = head.load(std::memory_order_relaxed);
  while (!head.compare_exchange_weak(added->next_, added, std::memory_order_release,
                                     std::memory_order_relaxed)) {
  }
  return *added;
}

void Namespaces::ForEach(absl::FunctionRef<void(const NamespaceEntry&)> visit) const {
  for (size_t i = 0; i < kBuckets; ++i) {
    const NamespaceEntry* entry = buckets_[i].load(std::memory_order_acquire);
    for (; entry != nullptr; entry = entry->next_) visit(*entry);
  }
}

std::string NamespaceRecordName(std::string_view name) { return base::StrCat("n", name); }

std::string EncodeNamespace(uint32_t number, std::string_view owner) {
  std::string body(4, '\0');
  base::StoreLe32(body.data(), number);
  body += owner;
  return body;
}

bool DecodeNamespace(std::string_view record_name, std::string_view body, std::string_view* name,
                     uint32_t* number, std::string_view* owner) {
  if (record_name.size() < 2 || record_name[0] != 'n' || body.size() < 4) return false;
  *name = record_name.substr(1);
  *number = base::LoadLe32(body.data());
  *owner = body.substr(4);
  return true;
}

}  // namespace memgrid::grid
