// Where one connection's output of one turn is put together: small pieces in one block, large ones by reference.

#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "env/network.h"
#include "frontend/grpc/outgoing.h"

namespace memgrid::frontend::grpc {

// One a loop, used for one connection after the other.
class Gather {
 public:
  // A piece as long as this or longer is referred to, not copied.
  static constexpr size_t kReferFrom = 1024;
  // Pieces that one env::Connection::Write takes.
  static constexpr size_t kMostPieces = 1024;

  Gather() : block_(std::make_unique_for_overwrite<char[]>(kBlock)) {}

  void Clear();

  // Copies `bytes` (at most kMostCopied; Room says whether they fit).
  void Copy(std::string_view bytes);
  // Refers to `bytes` of `owner`, or copies them if they are few.
  void Refer(std::string_view bytes, Outgoing& owner);
  // Refers to bytes that the caller keeps until Clear; `owner` may be empty.
  void Append(env::IoSlice slice, OutgoingRef owner);

  // True while one more frame fits, whatever its size.
  bool Room() const { return used_ + kMostCopied <= kBlock && slices_.size() + 64 <= kMostPieces; }

  size_t bytes() const { return bytes_; }
  std::span<const env::IoSlice> slices() const { return slices_; }
  // The message behind slices()[i]; empty for copied bytes.
  const OutgoingRef& owner(size_t i) const { return owners_[i]; }

 private:
  static constexpr size_t kMostCopied = 96u << 10;
  static constexpr size_t kBlock = 384u << 10;

  std::unique_ptr<char[]> block_;
  size_t used_ = 0;
  size_t bytes_ = 0;
  std::vector<env::IoSlice> slices_;
  std::vector<OutgoingRef> owners_;
};

}  // namespace memgrid::frontend::grpc
