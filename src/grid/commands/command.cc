#include "grid/commands/command.h"

#include "base/copy.h"
#include "base/endian.h"
#include "base/status.h"

namespace memgrid::grid {
namespace {

constexpr uint8_t kVersion = 1;
constexpr uint8_t kKnownFlags = kSession | kExpectAbsent | kExpectVersion | kExpectValue;

absl::Status Damaged(std::string_view what) {
  return base::DataLoss("a command in the log is not understood: ", what);
}

}  // namespace

void EncodeCommand(const Command& command, char* to) {
  to[0] = static_cast<char>(kVersion);
  to[1] = static_cast<char>(command.kind);
  to[2] = static_cast<char>(command.flags);
  to[3] = 0;
  base::StoreLe32(to + 4, command.ns);
  base::StoreLe64(to + 8, command.first);
  base::StoreLe64(to + 16, command.second);
  base::StoreLe16(to + 24, static_cast<uint16_t>(command.name.size()));
  base::StoreLe16(to + 26, 0);
  base::StoreLe32(to + 28, static_cast<uint32_t>(command.operand.size()));
  to += kCommandHeaderBytes;
  if (command.has_session()) {
    base::StoreLe64(to, command.client.low);
    base::StoreLe64(to + 8, command.client.high);
    base::StoreLe64(to + 16, command.sequence);
    to += kCommandSessionBytes;
  }
  base::CopyBytes(base::CopyBytes(to, command.name), command.operand);
}

absl::Status DecodeCommand(std::string_view head, std::string_view payload, Command* command) {
  if (head.size() < kCommandHeaderBytes) return Damaged("it is too short");
  const char* from = head.data();
  const auto byte = [from](size_t at) { return static_cast<uint8_t>(from[at]); };
  if (byte(0) != kVersion) return Damaged("its version is newer than this server");
  if (byte(1) < kFirstCommand || byte(1) > kLastCommand) return Damaged("its kind");
  if ((byte(2) & ~kKnownFlags) != 0) return Damaged("its flags");
  if (byte(3) != 0 || base::LoadLe16(from + 26) != 0) return Damaged("its spare bytes");
  command->kind = static_cast<CommandKind>(byte(1));
  command->flags = byte(2);
  command->ns = base::LoadLe32(from + 4);
  command->first = base::LoadLe64(from + 8);
  command->second = base::LoadLe64(from + 16);
  const size_t name = base::LoadLe16(from + 24);
  const size_t operand = base::LoadLe32(from + 28);
  std::string_view rest = head.substr(kCommandHeaderBytes);
  if (command->has_session()) {
    if (rest.size() < kCommandSessionBytes) return Damaged("its session");
    command->client = {base::LoadLe64(rest.data()), base::LoadLe64(rest.data() + 8)};
    command->sequence = base::LoadLe64(rest.data() + 16);
    rest.remove_prefix(kCommandSessionBytes);
  } else {
    command->client = {};
    command->sequence = 0;
  }
  if (rest.size() != name + operand) return Damaged("its lengths");
  command->name = rest.substr(0, name);
  command->operand = rest.substr(name);
  command->payload = payload;
  return absl::OkStatus();
}

}  // namespace memgrid::grid
