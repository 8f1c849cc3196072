// Keeps the stripe headers of an open store and writes them.
//
// A change counts once it is durable in both copies of all stripes. Copies are written in turn, so a crash leaves at least
// one whole copy in each stripe; changes that come while a write is under way share the next one.
//
// Threads: loop 0.

#pragma once

#include <cstdint>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "base/reserved_memory.h"
#include "storage/shadow/stripe_header.h"
#include "storage/shared.h"

namespace memgrid::storage {

class HeaderKeeper {
 public:
  using Done = absl::AnyInvocable<void(absl::Status)>;

  // `headers`: one a stripe, of equal set-wide fields. `first_copy` of each stripe is the one that may be lost: the older
  // or invalid one, 0 or 1. `shared` outlives it, and it outlives its writes. RESOURCE_EXHAUSTED without memory.
  static absl::StatusOr<std::unique_ptr<HeaderKeeper>> Create(Shared& shared, std::vector<StripeHeader> headers,
                                                              std::vector<int> first_copy);

  const StripeHeader& header(uint32_t stripe) const { return headers_[stripe]; }

  // Applies `change` to the header of each stripe now, in memory; `done` when that is durable everywhere. After a failed
  // write every further call fails.
  void Update(absl::FunctionRef<void(StripeHeader&)> change, Done done);

 private:
  HeaderKeeper(Shared& shared, std::vector<StripeHeader> headers, std::vector<int> first_copy, base::ReservedMemory buffer);
  void StartWrite();
  void WriteCopies(int round);
  void OnWritten(int round, absl::Status status);

  Shared& shared_;
  std::vector<StripeHeader> headers_;
  std::vector<int> first_copy_;
  base::ReservedMemory buffer_;  // a copy of each stripe's header
  std::vector<Done> waiting_;    // for the next write
  std::vector<Done> writing_;    // for the one under way
  bool busy_ = false;
  uint32_t left_ = 0;
  absl::Status failure_;
};

}  // namespace memgrid::storage
