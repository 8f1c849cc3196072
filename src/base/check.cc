#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace memgrid::base::internal {

void CheckFailed(const char* file, int line, const char* condition, std::string_view saw) {
  std::fprintf(stderr, "%s:%d: check failed: %s%s%.*s\n", file, line, condition,
               saw.empty() ? "" : ": ", static_cast<int>(saw.size()), saw.data());
  std::fflush(stderr);
  std::abort();
}

}  // namespace memgrid::base::internal
