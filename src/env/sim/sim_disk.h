// A simulated disk: what was promised durable survives crashes, what was under way may not, and
// anything may be made to fail.
//
// The fault model. A write that has not been answered when the power goes leaves each of its
// sectors old, new or garbage. Answered writes stay, but for files opened without `sync`: of those
// any of the last 256 writes may be lost in part. Names (create, rename, remove) change as one.
// Sectors change by themselves only when told to (Flip, misdirected writes).

#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "env/clock.h"
#include "env/disk.h"

namespace memgrid::env {

namespace internal {
class SimFile;
class SimHost;
class SeededChance;
class SimNode;
struct SimRequest;
}  // namespace internal

// May be changed at any time; counts for requests that start afterwards.
struct SimDiskFaults {
  Nanos min_delay = std::chrono::microseconds(50);  // of one request
  Nanos max_delay = Millis(5);
  double write_error = 0;  // probability of EIO: the range is then as after a crash
  double read_error = 0;
  double misdirect = 0;   // probability that a write lands elsewhere in its file and is called good
  double garbage = 0.05;  // of a torn write's sectors
  uint32_t sector_bytes = 512;
  uint64_t capacity = ~uint64_t{0};  // of all files, in pages that were written or reserved
  bool hang = false;                 // requests do not come back while this is true
};

class SimDisk final : public Disk {
 public:
  explicit SimDisk(internal::SimHost& host);
  ~SimDisk() override;

  SimDiskFaults& faults() { return faults_; }

  // Points at which a crash makes a difference, so far: the start and the end of every asynchronous
  // write, and every synchronous change. Reads are none.
  uint64_t events() const { return events_; }
  // The host crashes just before event number `event` (counted by events()) takes effect, once.
  void CrashAt(uint64_t event) { crash_at_ = event; }

  // Changes one bit (0..7) of the byte at `offset`, as radiation would. The file must reach so far.
  void Flip(std::string_view path, uint64_t offset, int bit);
  // Requests of the given kind that touch [begin, end) of the file fail with DATA_LOSS from now on.
  void FailRange(std::string_view path, uint64_t begin, uint64_t end, bool reads, bool writes);
  void ClearFailures() { bad_ranges_.clear(); }
  // Bytes that count against the capacity.
  uint64_t used() const { return used_; }

  absl::StatusOr<std::unique_ptr<File>> Open(std::string_view path,
                                             const OpenOptions& options) override;
  absl::StatusOr<std::unique_ptr<FileLock>> Lock(std::string_view path) override;
  absl::Status MakeFolder(std::string_view path) override;
  absl::StatusOr<std::vector<std::string>> List(std::string_view folder) override;
  bool Exists(std::string_view path) override;
  absl::Status Remove(std::string_view path) override;
  absl::Status Rename(std::string_view from, std::string_view to) override;
  absl::StatusOr<std::string> ReadWhole(std::string_view path, uint64_t limit) override;

  // For the parts of the simulation.

  // Number of the life of the machine: files and locks belong to one.
  uint64_t life() const { return life_; }
  // Counts an event; false if the host is, or now becomes, dead.
  bool Happens();
  void Start(std::unique_ptr<internal::SimRequest> request);
  absl::Status CarryOutNow(std::unique_ptr<internal::SimRequest> request);
  void Resize(internal::SimNode& node, uint64_t size);
  // What the power failure leaves.
  void Crash();
  // The process ends in peace: what is under way is carried out.
  void Settle();
  void DropRequests();

 private:
  friend class SimFileLock;

  struct BadRange {
    std::string path;
    uint64_t begin, end;
    bool reads, writes;
  };
  using Node = std::shared_ptr<internal::SimNode>;

  absl::StatusOr<std::string> Normalize(std::string_view path) const;
  bool IsFolder(const std::string& path) const;
  absl::Status CheckParent(const std::string& path) const;
  bool IsBad(const std::string& path, uint64_t begin, uint64_t end, bool write) const;
  // Makes room for pages that [offset, offset + size) lacks; RESOURCE_EXHAUSTED without any change.
  absl::Status Allocate(internal::SimNode& node, uint64_t offset, uint64_t size);
  void Drop(internal::SimNode& node);
  absl::Status Foresee(internal::SimRequest& request);
  void Finish(uint64_t id);
  absl::Status CarryOut(internal::SimRequest& request);
  void Apply(const internal::SimRequest& request);
  void ReadUnderWrites(const internal::SimRequest& read);
  internal::SeededChance& chance();
  // What becomes of a write that the device may or may not have carried out.
  void Tear(internal::SimNode& node, uint64_t offset, std::string_view data);

  internal::SimHost& host_;
  SimDiskFaults faults_;
  std::map<std::string, Node> entries_;  // a folder has no node
  std::set<std::string> locks_;
  std::vector<BadRange> bad_ranges_;
  std::map<uint64_t, std::unique_ptr<internal::SimRequest>> requests_;  // under way
  uint64_t last_request_ = 0;
  uint64_t life_ = 1;
  uint64_t events_ = 0;
  uint64_t crash_at_ = ~uint64_t{0};
  uint64_t used_ = 0;
};

}  // namespace memgrid::env
