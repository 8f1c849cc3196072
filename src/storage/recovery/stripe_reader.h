// Reads the wblocks of all stripes into their places in memory, with a few reads of each stripe in flight.
//
// Threads: loop 0.

#pragma once

#include <cstdint>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "storage/shared.h"

namespace memgrid::storage {

class StripeReader {
 public:
  static constexpr int kInFlight = 8;              // reads of a stripe
  static constexpr uint64_t kReadBytes = 1u << 20;  // of one

  // `highest[i]`: last wblock to be read of stripe i. `on_wblock` runs when one is there; `done` when all are, or with the
  // first error, once nothing is in flight. `shared` outlives it.
  StripeReader(Shared& shared, std::vector<uint32_t> highest, absl::AnyInvocable<void(uint32_t wblock)> on_wblock,
               absl::AnyInvocable<void(absl::Status)> done);

  void Start();
  uint64_t bytes_done() const { return bytes_done_; }
  uint64_t bytes_all() const { return bytes_all_; }

 private:
  struct Side {
    uint32_t wblock = 1;  // next to ask for
    uint64_t offset = 0;
    int in_flight = 0;
  };

  void Fill(uint32_t stripe);
  void OnRead(uint32_t stripe, uint32_t wblock, uint64_t bytes, absl::Status status);
  void FinishIfIdle();

  Shared& shared_;
  const std::vector<uint32_t> highest_;
  absl::AnyInvocable<void(uint32_t)> on_wblock_;
  absl::AnyInvocable<void(absl::Status)> done_;
  std::vector<Side> sides_;
  std::vector<uint32_t> left_;  // bytes of each wblock that are not there yet
  uint64_t bytes_done_ = 0;
  uint64_t bytes_all_ = 0;
  absl::Status failure_;
};

}  // namespace memgrid::storage
