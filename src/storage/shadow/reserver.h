// Makes wblocks ready before they are needed: covers them by the stripe header, so that recovery
// will look at them, and reserves their space on the device, so that writing them cannot fail for
// want of room.
//
// Where writers wait for the device (commit-to-device), wblocks that no life has used are written
// with zeros as well: a file system then overwrites what it has instead of recording at each write
// that there is data now, which makes every commit wait for its journal (measured on ext4: 127
// instead of 192 µs for 4 KiB).
//
// A full device is not an error: writers are refused meanwhile, and the reservation is tried again
// every second.
//
// Threads: loop 0.

#pragma once

#include <cstdint>
#include <vector>

#include "env/loop.h"
#include "storage/shadow/header_keeper.h"
#include "storage/shared.h"

namespace memgrid::storage {

class Reserver {
 public:
  // Headers are raised in steps, so that they are written rarely.
  static constexpr uint32_t kHeaderStep = 64;

  // All outlive it, and it outlives its requests. `blank`: write zeros to what was never used.
  Reserver(Shared& shared, HeaderKeeper& headers, env::Loop& loop, bool blank);

  // Looks whether there are enough ready wblocks, and gets more otherwise. Cheap when there are.
  // `settled` (may be null) runs when the first round is over, whatever came of it.
  void Run(absl::AnyInvocable<void()> settled = {});
  // Wblocks that are wanted to be ready.
  static uint32_t LowWater(const Shared& shared);
  // No further request is made; true if none is under way.
  bool Stop();

 private:
  struct Step {
    uint32_t stripe = 0;
    std::vector<uint32_t> wblocks;  // ascending
    size_t next = 0;                // first whose space is not reserved yet
    size_t longest =
        kHeaderStep;  // run that is reserved by one call; halved when the device has no room for it
  };

  void Start(uint32_t stripe);
  void Cover(Step step);
  void ReserveRun(Step step);
  void Blank(Step step, size_t end, uint64_t from);
  void RunIsReady(Step step, size_t end);
  bool NeverUsed(const Step& step) const;
  void Finish(Step step, absl::Status status);

  Shared& shared_;
  HeaderKeeper& headers_;
  env::Loop& loop_;
  const bool blank_;
  std::vector<uint32_t> unused_from_;  // a stripe: wblocks from here on no life has opened
  uint32_t busy_ = 0;                  // steps under way
  bool stopped_ = false;
  env::Nanos not_before_{0};
  absl::AnyInvocable<void()> settled_;
};

}  // namespace memgrid::storage
