// The small words of gRPC over HTTP/2: timeouts, content types, texts and bytes in header values.

#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "env/clock.h"

namespace memgrid::frontend::grpc {

// The largest message that the 5-byte prefix can announce.
inline constexpr uint64_t kMaxFramedSize = 0xffffffff;
// Bytes before each message: one of flags (bit 0: compressed), four of length, big-endian.
inline constexpr size_t kPrefixSize = 5;

// A value of `grpc-timeout`: 1 to 8 digits and a unit of H M S m u n. Empty if it is anything else. Never overflows.
std::optional<env::Nanos> ParseTimeout(std::string_view text);

// True for "application/grpc", "application/grpc+proto" and these with parameters after ';'.
bool IsGrpcContentType(std::string_view text);

// True if a comma-separated list of encodings names `encoding`.
bool ListsEncoding(std::string_view list, std::string_view encoding);

// For `grpc-message`: bytes other than printable ASCII, and '%', as %XX.
std::string PercentEncode(std::string_view text);

// "-bin" metadata: base64 with or without padding. Decode appends to `out` and returns false (`out` is then undefined
// from its old end on) if `text` is no base64; Encode writes no padding.
bool DecodeBinary(std::string_view text, std::string* out);
std::string EncodeBinary(std::string_view bytes);

// True for names whose values are base64.
inline bool IsBinaryName(std::string_view name) { return name.ends_with("-bin"); }

}  // namespace memgrid::frontend::grpc
