// Bytes from a log: whatever they are, they are refused or they are a command, and then encode to
// themselves.

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/check.h"
#include "grid/commands/command.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view head(reinterpret_cast<const char*>(data), size);
  memgrid::grid::Command command;
  if (!memgrid::grid::DecodeCommand(head, {}, &command).ok()) return 0;
  std::string again(memgrid::grid::EncodedSize(command), '\0');
  memgrid::grid::EncodeCommand(command, again.data());
  MEMGRID_CHECK(again == head, "a command does not encode to the bytes that it was read from");
  return 0;
}
