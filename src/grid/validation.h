// What names, sizes and times are allowed: the same for every front end.
//
// Each function returns INVALID_ARGUMENT that names the argument and the limit, or what its comment
// says. Thread-safe.

#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "absl/status/status.h"
#include "grid/requests.h"

namespace memgrid::grid {

inline constexpr size_t kMaxKeyBytes = 1024;
inline constexpr size_t kMaxNamespaceBytes = 128;
inline constexpr size_t kMaxValueBytes = 16u << 20;    // also of one write or read of a region
inline constexpr size_t kMaxCompareBytes = 64u << 10;  // of a region
inline constexpr size_t kMaxClientIdBytes = 64;
inline constexpr uint64_t kMaxTtlMs = (uint64_t{1} << 63) - 1;
inline constexpr uint64_t kMaxRegionSize = uint64_t{1} << 62;
inline constexpr uint64_t kMaxPageNames = 10'000;
inline constexpr size_t kMaxPageBytes = 2u << 20;

// 1..1,024 bytes of UTF-8 without NUL. Keys and regions.
absl::Status CheckKey(std::string_view key);
// The same, or empty: `argument` is "prefix" or the like.
absl::Status CheckPrefix(std::string_view prefix);
// 1..128 of [A-Za-z0-9._-].
absl::Status CheckNamespace(std::string_view ns);
// At most 16 MiB; `argument` is the name of the field.
absl::Status CheckValue(std::string_view argument, std::string_view value);
absl::Status CheckTtl(std::optional<uint64_t> ttl_ms);
// Both or neither of client_id (1..64 bytes) and sequence (not 0).
absl::Status CheckWriteId(const WriteId& id);
// OUT_OF_RANGE if offset + length is past 2^64.
absl::Status CheckRange(uint64_t offset, uint64_t length);

absl::Status Check(const CreateNamespace& request);
absl::Status Check(const GetKey& request);
absl::Status Check(const PutKey& request);
absl::Status Check(const DeleteKey& request);
absl::Status Check(const List& request);
absl::Status Check(const CompareAndSwap& request);
absl::Status Check(const AllocateMemory& request);
absl::Status Check(const WriteMemory& request);
absl::Status Check(const ReadMemory& request);
absl::Status Check(const ResizeMemory& request);
absl::Status Check(const FreeMemory& request);
absl::Status Check(const DescribeMemory& request);
absl::Status Check(const CompareAndSwapMemory& request);

}  // namespace memgrid::grid
