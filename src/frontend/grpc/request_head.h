// The headers of one call, kept flat: one block of text and where in it the entries are.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "env/clock.h"

namespace memgrid::frontend::grpc {

// Filled header by header, then read. Cleared for the next call without giving its memory back.
class RequestHead {
 public:
  enum class HttpMethod : uint8_t { kOther, kPost, kHead };
  enum class Encoding : uint8_t { kIdentity, kGzip, kUnknown };

  // Takes one header; false if it is more than `limit` bytes (as RFC 9113 counts: with 32 for each) in all. What comes
  // after that is counted only.
  bool Add(std::string_view name, std::string_view value, size_t limit);
  void Clear();

  std::string_view path() const { return std::string_view(text_).substr(0, path_size_); }
  HttpMethod http_method() const { return http_method_; }
  bool is_grpc() const { return is_grpc_; }
  // As sent; empty without `grpc-timeout`.
  std::optional<env::Nanos> timeout() const { return timeout_; }
  // `grpc-encoding`: of what the client sends.
  Encoding encoding() const { return encoding_; }
  bool accepts_gzip() const { return accepts_gzip_; }
  // A header that breaks the protocol of gRPC, in words; empty if there is none.
  std::string_view error() const { return error_; }
  // Bytes of all headers so far.
  size_t bytes() const { return bytes_; }

  // See Call.
  std::string_view metadata(std::string_view name) const;
  void ForEach(absl::FunctionRef<void(std::string_view, std::string_view)> visit) const;

 private:
  // A name and after it its value, in text_.
  struct Entry {
    uint32_t start;
    uint32_t name_size;
    uint32_t value_size;
  };

  void AddPseudo(std::string_view name, std::string_view value);
  bool AddProtocol(std::string_view name, std::string_view value);
  void AddMetadata(std::string_view name, std::string_view value);
  void AddBinary(std::string_view name, std::string_view values);
  std::string_view Name(const Entry& entry) const { return {text_.data() + entry.start, entry.name_size}; }
  std::string_view Value(const Entry& entry) const {
    return {text_.data() + entry.start + entry.name_size, entry.value_size};
  }

  std::string text_;  // begins with the path
  std::vector<Entry> entries_;
  size_t path_size_ = 0;
  size_t bytes_ = 0;
  std::optional<env::Nanos> timeout_;
  std::string_view error_;
  HttpMethod http_method_ = HttpMethod::kOther;
  Encoding encoding_ = Encoding::kIdentity;
  bool is_grpc_ = false;
  bool accepts_gzip_ = false;
};

}  // namespace memgrid::frontend::grpc
