// The bytes of one simulated file, and requests under way to it.

#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>

#include "absl/status/status.h"
#include "env/disk.h"

namespace memgrid::env::internal {

class SimLoop;

// Sparse: pages that were never written or reserved are not there and read as zeros.
class SimNode {
 public:
  static constexpr uint64_t kPage = 4096;

  uint64_t size() const { return size_; }
  uint64_t pages() const { return pages_.size(); }

  // Copies what is there; zeros beyond the end.
  void Read(uint64_t offset, std::span<char> into) const;
  // Grows the file if need be; the pages may or may not have been reserved.
  void Write(uint64_t offset, std::string_view data);
  // How many pages [offset, offset + length) lacks; and taking them, as zeros.
  uint64_t MissingPages(uint64_t offset, uint64_t length) const;
  void Take(uint64_t offset, uint64_t length);
  // Takes them and grows the file if need be.
  void Reserve(uint64_t offset, uint64_t length);
  void Resize(uint64_t size);

  // What answered writes of a file without `sync` have replaced, newest last: a crash may bring it
  // back.
  struct Undo {
    uint64_t offset;
    std::string before;
  };
  std::deque<Undo> undo;
  bool linked = true;  // it has a name; its pages count against the capacity

 private:
  uint64_t size_ = 0;
  std::unordered_map<uint64_t, std::unique_ptr<char[]>> pages_;  // null: reserved, zeros
};

struct SimRequest {
  enum Kind : uint8_t { kRead, kWrite, kReserve };
  Kind kind;
  std::shared_ptr<SimNode> node;
  std::string path;
  uint64_t offset = 0;
  uint64_t size = 0;
  std::span<char> memory;  // the caller's, borrowed until `done`
  bool sync = true;
  SimLoop* loop = nullptr;
  DiskDone done;

  std::string data;      // of a write, as it was when it was submitted
  uint64_t land_at = 0;  // where it goes: `offset` unless it is misdirected
  absl::Status status;   // how it will end
};

}  // namespace memgrid::env::internal
