#include "grid/validation.h"

#include <array>

#include "base/status.h"
#include "base/utf8.h"
#include "grid/words.h"

namespace memgrid::grid {
namespace {

absl::Status BadName(std::string_view argument, std::string_view name) {
  if (name.empty()) {
    return base::InvalidArgument(argument, " is empty; it needs 1 to ", kMaxKeyBytes, " bytes");
  }
  if (name.size() > kMaxKeyBytes) {
    return base::InvalidArgument(argument, " is ", name.size(), " bytes long; at most ",
                                 kMaxKeyBytes, " are allowed");
  }
  return base::InvalidArgument(argument, " is not UTF-8 without NUL");
}

constexpr std::array<bool, 256> NamespaceBytes() {
  std::array<bool, 256> allowed{};
  for (int c = '0'; c <= '9'; ++c) allowed[static_cast<size_t>(c)] = true;
  for (int c = 'a'; c <= 'z'; ++c) allowed[static_cast<size_t>(c)] = true;
  for (int c = 'A'; c <= 'Z'; ++c) allowed[static_cast<size_t>(c)] = true;
  allowed['.'] = allowed['_'] = allowed['-'] = true;
  return allowed;
}
constexpr std::array<bool, 256> kNamespaceBytes = NamespaceBytes();

absl::Status CheckSize(std::string_view argument, uint64_t size) {
  if (size <= kMaxRegionSize) return absl::OkStatus();
  return base::InvalidArgument(argument, " is ", size, " bytes; at most ", kMaxRegionSize,
                               " are allowed");
}

// Names of a key's or region's request.
template <typename Request>
absl::Status CheckNames(const Request& request) {
  MEMGRID_RETURN_IF_ERROR(CheckNamespace(request.ns));
  return CheckKey(request.key);
}

template <typename Request>
absl::Status CheckNamesAndId(const Request& request) {
  MEMGRID_RETURN_IF_ERROR(CheckNames(request));
  return CheckWriteId(request.id);
}

}  // namespace

absl::Status CheckKey(std::string_view key) {
  if (!key.empty() && key.size() <= kMaxKeyBytes && base::IsUtf8WithoutNul(key)) {
    return absl::OkStatus();
  }
  return BadName("key", key);
}

absl::Status CheckPrefix(std::string_view prefix) {
  if (prefix.size() <= kMaxKeyBytes && base::IsUtf8WithoutNul(prefix)) return absl::OkStatus();
  return BadName("prefix", prefix);
}

absl::Status CheckNamespace(std::string_view ns) {
  if (ns.empty() || ns.size() > kMaxNamespaceBytes) {
    return base::InvalidArgument("namespace is ", ns.size(), " bytes long; it needs 1 to ",
                                 kMaxNamespaceBytes);
  }
  for (const char c : ns) {
    if (!kNamespaceBytes[static_cast<unsigned char>(c)]) {
      return base::InvalidArgument("namespace has a character other than A-Z a-z 0-9 . _ -");
    }
  }
  return absl::OkStatus();
}

absl::Status CheckValue(std::string_view argument, std::string_view value) {
  if (value.size() <= kMaxValueBytes) return absl::OkStatus();
  return base::InvalidArgument(argument, " is ", value.size(), " bytes long; at most ",
                               kMaxValueBytes, " (16 MiB) are allowed");
}

absl::Status CheckTtl(std::optional<uint64_t> ttl_ms) {
  if (!ttl_ms || *ttl_ms <= kMaxTtlMs) return absl::OkStatus();
  return base::InvalidArgument("ttl_ms is ", *ttl_ms, "; at most ", kMaxTtlMs, " is allowed");
}

absl::Status CheckWriteId(const WriteId& id) {
  if (id.client_id.empty() && id.sequence == 0) return absl::OkStatus();
  if (id.client_id.empty()) {
    return base::InvalidArgument("sequence without client_id, which needs 1 to ", kMaxClientIdBytes,
                                 " bytes");
  }
  if (id.client_id.size() > kMaxClientIdBytes) {
    return base::InvalidArgument("client_id is ", id.client_id.size(), " bytes long; at most ",
                                 kMaxClientIdBytes, " are allowed");
  }
  if (!base::IsUtf8WithoutNul(id.client_id)) {
    return base::InvalidArgument("client_id is not UTF-8 without NUL");
  }
  if (id.sequence == 0) {
    return base::InvalidArgument("client_id without sequence, which begins at 1");
  }
  return absl::OkStatus();
}

absl::Status CheckRange(uint64_t offset, uint64_t length) {
  if (length <= ~uint64_t{0} - offset) return absl::OkStatus();
  return PastEnd(offset, length);
}

absl::Status Check(const CreateNamespace& request) {
  MEMGRID_RETURN_IF_ERROR(CheckNamespace(request.ns));
  return CheckWriteId(request.id);
}

absl::Status Check(const GetKey& request) { return CheckNames(request); }

absl::Status Check(const PutKey& request) {
  MEMGRID_RETURN_IF_ERROR(CheckNamesAndId(request));
  MEMGRID_RETURN_IF_ERROR(CheckValue("value", request.value));
  return CheckTtl(request.ttl_ms);
}

absl::Status Check(const DeleteKey& request) { return CheckNamesAndId(request); }

absl::Status Check(const List& request) {
  MEMGRID_RETURN_IF_ERROR(CheckNamespace(request.ns));
  return CheckPrefix(request.prefix);
}

absl::Status Check(const CompareAndSwap& request) {
  MEMGRID_RETURN_IF_ERROR(CheckNamesAndId(request));
  MEMGRID_RETURN_IF_ERROR(CheckValue("expected", request.expected));
  MEMGRID_RETURN_IF_ERROR(CheckValue("newValue", request.new_value));
  if (request.expect_absent && (request.expected_version || !request.expected.empty())) {
    return base::InvalidArgument("expect_absent goes with neither expected nor expected_version");
  }
  return CheckTtl(request.ttl_ms);
}

absl::Status Check(const AllocateMemory& request) {
  MEMGRID_RETURN_IF_ERROR(CheckNamesAndId(request));
  return CheckSize("size_bytes", request.size_bytes);
}

absl::Status Check(const WriteMemory& request) {
  MEMGRID_RETURN_IF_ERROR(CheckNamesAndId(request));
  MEMGRID_RETURN_IF_ERROR(CheckValue("data", request.data));
  return CheckRange(request.offset, request.data.size());
}

absl::Status Check(const ReadMemory& request) {
  MEMGRID_RETURN_IF_ERROR(CheckNames(request));
  MEMGRID_RETURN_IF_ERROR(CheckRange(request.offset, request.length));
  if (request.length <= kMaxValueBytes) return absl::OkStatus();
  return base::InvalidArgument("length is ", request.length, "; at most ", kMaxValueBytes,
                               " (16 MiB) are allowed");
}

absl::Status Check(const ResizeMemory& request) {
  MEMGRID_RETURN_IF_ERROR(CheckNamesAndId(request));
  return CheckSize("new_size", request.new_size);
}

absl::Status Check(const FreeMemory& request) { return CheckNamesAndId(request); }

absl::Status Check(const DescribeMemory& request) { return CheckNames(request); }

absl::Status Check(const CompareAndSwapMemory& request) {
  MEMGRID_RETURN_IF_ERROR(CheckNamesAndId(request));
  if (request.expected.size() != request.new_value.size()) {
    return base::InvalidArgument("expected has ", request.expected.size(), " bytes and new_value ",
                                 request.new_value.size(), "; they must be equally long");
  }
  if (request.expected.size() > kMaxCompareBytes) {
    return base::InvalidArgument("expected is ", request.expected.size(), " bytes long; at most ",
                                 kMaxCompareBytes, " (64 KiB) are allowed");
  }
  return CheckRange(request.offset, request.expected.size());
}

}  // namespace memgrid::grid
