// Which namespaces there are: found by every loop without locks.
//
// A namespace lies in one shard, under a number; its record (kNamespaceMeta, Space::kGrid) is
// written by the command that creates it. Names are global: a name always belongs to the same shard
// (router.h), so one owner decides about it.
//
// Entries are never removed, so readers follow pointers without further care. Threads: Find and
// ForEach by any thread; Add by the owner of the entry's shard; the rest as said.

#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "absl/functional/function_ref.h"

namespace memgrid::base {
class HashKey;
}

namespace memgrid::grid {

class ShardHost;

// Configured, not part of the replicated state: fixed before serving begins.
struct NamespaceLimits {
  uint64_t default_ttl_ms = 0;
  uint64_t quota_bytes = 0;  // 0: none
};

class NamespaceEntry {
 public:
  NamespaceEntry(std::string name, ShardHost& host, uint32_t number, std::string owner,
                 NamespaceLimits limits)
      : name_(std::move(name)),
        host_(host),
        number_(number),
        owner_(new std::string(std::move(owner))),
        limits_(limits) {}
  ~NamespaceEntry();

  const std::string& name() const { return name_; }
  ShardHost& host() const { return host_; }
  uint32_t number() const { return number_; }
  const NamespaceLimits& limits() const { return limits_; }
  // The subject that made it; empty: nobody yet (the configuration named it).
  std::string_view owner() const { return *owner_.load(std::memory_order_acquire); }
  // The first caller that asks for an unowned namespace gets it. Owner of the shard; at most once.
  void Claim(std::string_view owner);

 private:
  friend class Namespaces;
  const std::string name_;
  ShardHost& host_;
  const uint32_t number_;
  std::atomic<const std::string*> owner_;
  const std::string* before_claim_ = nullptr;  // readers may still look at it
  const NamespaceLimits limits_;
  uint64_t hash_ = 0;
  NamespaceEntry* next_ = nullptr;
};

class Namespaces {
 public:
  // `seed`: nobody who makes namespaces can aim at one bucket.
  explicit Namespaces(std::span<const char, 16> seed);
  ~Namespaces();

  // Null: there is none of that name.
  NamespaceEntry* Find(std::string_view name) const;
  // `entry`'s name is new.
  NamespaceEntry& Add(std::unique_ptr<NamespaceEntry> entry);
  // In no order.
  void ForEach(absl::FunctionRef<void(const NamespaceEntry&)> visit) const;

 private:
  static constexpr size_t kBuckets = 1u << 14;
  const std::unique_ptr<base::HashKey> hash_;
  std::unique_ptr<std::atomic<NamespaceEntry*>[]> buckets_;
};

// Record of a namespace: name 'n' + the namespace's name; body: number u32, owner.
std::string NamespaceRecordName(std::string_view name);
std::string EncodeNamespace(uint32_t number, std::string_view owner);
bool DecodeNamespace(std::string_view record_name, std::string_view body, std::string_view* name,
                     uint32_t* number, std::string_view* owner);

}  // namespace memgrid::grid
