// A block of received bytes that changes hands without being copied.

#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

namespace memgrid::base {

// Owns uninitialised memory of `capacity` bytes, of which `size` are filled. Moved, never copied.
class Buffer {
 public:
  Buffer() = default;
  explicit Buffer(size_t capacity)
      : data_(std::make_unique_for_overwrite<char[]>(capacity)), capacity_(capacity) {}

  char* data() { return data_.get(); }
  size_t size() const { return size_; }
  size_t capacity() const { return capacity_; }
  void set_size(size_t size) { size_ = size; }
  std::string_view view() const { return {data_.get(), size_}; }

 private:
  std::unique_ptr<char[]> data_;
  size_t capacity_ = 0;
  size_t size_ = 0;
};

}  // namespace memgrid::base
