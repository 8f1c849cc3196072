#include "grid/words.h"

#include "base/status.h"

namespace memgrid::grid {

absl::Status NoNamespace(std::string_view ns) { return base::NotFound("namespace \"", ns, "\""); }
absl::Status NoKey(std::string_view key) { return base::NotFound("key \"", key, "\""); }
absl::Status NoRegion(std::string_view region) { return base::NotFound("region \"", region, "\""); }

absl::Status WrongKind(std::string_view name) {
  return base::FailedPrecondition("\"", name, "\" is of another kind");
}

absl::Status Lost(std::string_view name) {
  return base::DataLoss(
      "\"", name,
      "\": the stored bytes do not pass their checksum; writing it again makes it whole");
}

absl::Status PastSize(uint64_t offset, uint64_t length, uint64_t size) {
  return base::OutOfRange("offset ", offset, " + length ", length, " is past the region's size of ",
                          size, " bytes");
}

absl::Status PastEnd(uint64_t offset, uint64_t length) {
  return base::OutOfRange("offset ", offset, " + length ", length, " is past 2^64");
}

}  // namespace memgrid::grid
