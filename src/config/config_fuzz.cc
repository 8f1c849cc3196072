// Any text as a configuration: it is taken, or refused in one line. Nothing else.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "config/config.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  memgrid::config::Config config;
  absl::Status status = memgrid::config::AddToml(text, "fuzz.toml", config);
  if (status.ok()) status = memgrid::config::Check(config);
  if (!status.ok()) {
    MEMGRID_CHECK(absl::IsInvalidArgument(status));
    MEMGRID_CHECK(status.message().find('\n') == std::string_view::npos);
  }
  return 0;
}
