// Headers on their way to nghttp2, without copies. Included by .cc files only.

#pragma once

#include <nghttp2/nghttp2.h>

#include <string_view>

#include "absl/container/inlined_vector.h"

namespace memgrid::frontend::grpc {

// Borrows names and values until the list is submitted; nghttp2 copies them then, but for static ones.
class HeaderList {
 public:
  void Add(std::string_view name, std::string_view value) { Push(name, value, NGHTTP2_NV_FLAG_NONE); }
  // Both live as long as the program.
  void AddStatic(std::string_view name, std::string_view value) {
    Push(name, value, NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE);
  }

  const nghttp2_nv* data() const { return entries_.data(); }
  size_t size() const { return entries_.size(); }

 private:
  void Push(std::string_view name, std::string_view value, uint8_t flags) {
    auto bytes = [](std::string_view text) { return reinterpret_cast<uint8_t*>(const_cast<char*>(text.data())); };
    entries_.push_back({bytes(name), bytes(value), name.size(), value.size(), flags});
  }

  absl::InlinedVector<nghttp2_nv, 8> entries_;
};

}  // namespace memgrid::frontend::grpc
