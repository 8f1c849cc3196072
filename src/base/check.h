// What must be true or the program is wrong: the process stops at once and says what it saw.
//
//   MEMGRID_CHECK(used <= limit, "wblock ", number, " holds ", used, " of ", limit, " bytes");
//
// For faults of our own only. What a caller or the outside world can cause is an absl::Status.

#pragma once

#include <string_view>

#include "absl/base/optimization.h"
#include "base/strings.h"

namespace memgrid::base::internal {

// Writes one line to standard error and aborts.
[[noreturn]] void CheckFailed(const char* file, int line, const char* condition,
                              std::string_view saw);

}  // namespace memgrid::base::internal

// The parts after the condition are those of base::StrCat, evaluated only on failure.
#define MEMGRID_CHECK(condition, ...)                                           \
  (ABSL_PREDICT_TRUE(condition)                                                 \
       ? void()                                                                 \
       : ::memgrid::base::internal::CheckFailed(__FILE__, __LINE__, #condition, \
                                                ::memgrid::base::StrCat(__VA_ARGS__)))

// The same where builds are for finding faults (debug, sanitizers); costs nothing elsewhere.
#ifdef NDEBUG
#define MEMGRID_DCHECK(condition, ...) \
  (true || (condition) ? void() : (void)::memgrid::base::StrCat(__VA_ARGS__))
#else
#define MEMGRID_DCHECK(condition, ...) MEMGRID_CHECK(condition __VA_OPT__(, ) __VA_ARGS__)
#endif
