// The calls of the grid: from a request to a read of the engine, or to a command.

#include <utility>

#include "base/status.h"
#include "grid/carry.h"
#include "grid/grid.h"
#include "grid/parts.h"
#include "grid/validation.h"
#include "grid/words.h"

namespace memgrid::grid {
namespace {

using storage::ReadOutcome;
using storage::RootName;
using storage::Space;

template <typename Request, typename Answer>
void Refuse(const absl::Status& status, const Request& request, Done<Request, Answer>& done) {
  Answer none;
  done(status, request, none);
}

// --- reads: how the engine's outcome becomes an answer ---

absl::Status ReadAt(const ShardHost& host, uint32_t ns, const GetKey& request, ValueAnswer* answer,
                    uint64_t* seen, bool* ask_owner) {
  const RootName name{ns, Space::kKeys, request.key};
  storage::ValueRead read;
  host.shard().ReadValue(name, host.shard().Hash(name), read);
  *seen = read.seq;
  switch (read.outcome) {
    case ReadOutcome::kFound:
      answer->version = read.seq;
      answer->value = std::move(read.payload);
      return absl::OkStatus();
    case ReadOutcome::kAskOwner:
      *ask_owner = true;
      return absl::OkStatus();
    case ReadOutcome::kWrongKind:
      return WrongKind(request.key);
    case ReadOutcome::kLost:
      return Lost(request.key);
    default:
      return NoKey(request.key);
  }
}

absl::Status MemoryStatus(const storage::RegionRead& read, std::string_view region, uint64_t offset,
                          uint64_t length, bool* ask_owner) {
  switch (read.outcome) {
    case ReadOutcome::kFound:
      return absl::OkStatus();
    case ReadOutcome::kAskOwner:
      *ask_owner = true;
      return absl::OkStatus();
    case ReadOutcome::kOutOfRange:
      return PastSize(offset, length, read.meta.size);
    case ReadOutcome::kLost:
      return Lost(region);
    default:
      return NoRegion(region);
  }
}

// What an answer about a region shows: its last write, or, if there is none, that there is none.
uint64_t SeenOf(const ShardHost& host, const storage::RegionRead& read) {
  return read.outcome == ReadOutcome::kAbsent ? host.shard().applied() : read.meta.version;
}

void Fill(storage::RegionRead& read, MemoryAnswer* answer) {
  answer->version = read.meta.version;
  answer->size = read.meta.size;
  answer->data_length = read.meta.data_length;
  answer->data = std::move(read.payload);
}

absl::Status ReadAt(const ShardHost& host, uint32_t ns, const ReadMemory& request,
                    MemoryAnswer* answer, uint64_t* seen, bool* ask_owner) {
  const RootName name{ns, Space::kRegions, request.key};
  storage::RegionRead read;
  host.shard().ReadRegion(name, host.shard().Hash(name), request.offset, request.length, read);
  *seen = SeenOf(host, read);
  absl::Status status = MemoryStatus(read, request.key, request.offset, request.length, ask_owner);
  Fill(read, answer);
  return status;
}

absl::Status ReadAt(const ShardHost& host, uint32_t ns, const DescribeMemory& request,
                    MemoryAnswer* answer, uint64_t* seen, bool* ask_owner) {
  const RootName name{ns, Space::kRegions, request.key};
  storage::RegionRead read;
  host.shard().DescribeRegion(name, host.shard().Hash(name), read);
  *seen = SeenOf(host, read);
  absl::Status status = MemoryStatus(read, request.key, 0, 0, ask_owner);
  Fill(read, answer);
  return status;
}

size_t SizeOf(const ValueAnswer& answer) { return answer.value.size; }
size_t SizeOf(const MemoryAnswer& answer) { return answer.data.size; }
void DetachAnswer(ValueAnswer* answer) { Detach(&answer->value); }
void DetachAnswer(MemoryAnswer* answer) { Detach(&answer->data); }

}  // namespace

template <typename Request>
NamespaceEntry* Grid::Parts::Enter(const Context& context, const Request& request,
                                   absl::Status* status) const {
  *status = Serving();
  if (status->ok()) *status = Check(request);
  if (!status->ok()) return nullptr;
  NamespaceEntry* const entry = Find(context.caller, request.ns);
  if (entry == nullptr) {
    *status = NoNamespace(request.ns);
    return nullptr;
  }
  *status = entry->host().health();
  return status->ok() ? entry : nullptr;
}

template <typename Request, typename Answer>
void Grid::Parts::Read(const Context& context, const Request& request, base::Buffer&& bytes,
                       Done<Request, Answer>&& done) {
  absl::Status status;
  NamespaceEntry* const entry = Enter(context, request, &status);
  if (entry == nullptr) return Refuse(status, request, done);
  counters(context.loop).reads.Add();
  ShardHost& host = entry->host();
  Answer answer;
  uint64_t seen = 0;
  bool ask_owner = !host.ReadableNow(request.freshness);
  if (!ask_owner) status = ReadAt(host, entry->number(), request, &answer, &seen, &ask_owner);
  if (!ask_owner && !host.MustWait(seen)) return done(status, request, answer);

  const size_t weight = bytes.size() + SizeOf(answer);
  const absl::Status room = host.Charge(weight);
  if (!room.ok()) return Refuse(room, request, done);
  using Journeying = TypedRead<Request, Answer>;
  const typename Journeying::Reader reader = &ReadAt;
  auto journey = std::make_unique<Journeying>(host, context.loop, weight, entry->number(), request,
                                              std::move(bytes), reader, std::move(done));
  journey->freshness = request.freshness;
  journey->deadline = context.deadline;
  if (!ask_owner) {
    DetachAnswer(&answer);
    journey->has_read = true;
    journey->seen = seen;
    journey->status = status;
    journey->answer = std::move(answer);
  }
  Send(context.loop, host, std::move(journey));
}

void Grid::Parts::Page(const Context& context, storage::Space space, const List& request,
                       base::Buffer&& bytes, Done<List, ListAnswer>&& done) {
  absl::Status status;
  NamespaceEntry* const entry = Enter(context, request, &status);
  if (entry != nullptr) status = entry->host().Charge(bytes.size());
  if (!status.ok()) return Refuse(status, request, done);
  counters(context.loop).lists.Add();
  Send(context.loop, entry->host(),
       std::make_unique<ListJourney>(entry->host(), context.loop, entry->number(), space, request,
                                     std::move(bytes), context.deadline, std::move(done)));
}

template <typename Request, typename Make>
void Grid::Parts::Change(const Context& context, const Request& request, base::Buffer&& bytes,
                         Done<Request, WriteAnswer>&& done, Make make) {
  absl::Status status;
  NamespaceEntry* const entry = Enter(context, request, &status);
  if (entry == nullptr) return Refuse(status, request, done);
  Command command{.ns = entry->number(), .name = request.key};
  make(*entry, &command);
  if (!request.id.client_id.empty()) {
    command.flags |= kSession;
    command.client = entry->host().ClientOf(context.caller, request.id.client_id);
    command.sequence = request.id.sequence;
  }
  Carry(context, entry->host(), command, request, std::move(bytes), std::move(done));
}

void Grid::Call(const Context& context, const CreateNamespace& request, base::Buffer&& bytes,
                Done<CreateNamespace, WriteAnswer> done) {
  absl::Status status = parts_->Serving();
  if (status.ok()) status = Check(request);
  if (!status.ok()) return Refuse(status, request, done);
  const NamespaceEntry* const present = parts_->namespaces.Find(request.ns);
  WriteAnswer none;
  if (present != nullptr && parts_->MayUse(context.caller, *present))
    return done(absl::OkStatus(), request, none);
  Command command{
      .kind = CommandKind::kCreateNamespace, .name = request.ns, .operand = context.caller};
  StoreAtWork* const store = parts_->StoreForNamespace(request.ns);
  ShardHost& host = present != nullptr ? present->host() : store->Place(request.ns);
  if (!host.health().ok()) return Refuse(host.health(), request, done);
  if (!request.id.client_id.empty()) {
    command.flags |= kSession;
    command.client = host.ClientOf(context.caller, request.id.client_id);
    command.sequence = request.id.sequence;
  }
  parts_->Carry(context, host, command, request, std::move(bytes), std::move(done));
}

void Grid::Call(const Context& context, const GetKey& request, base::Buffer&& bytes,
                Done<GetKey, ValueAnswer> done) {
  parts_->Read(context, request, std::move(bytes), std::move(done));
}

void Grid::Call(const Context& context, const PutKey& request, base::Buffer&& bytes,
                Done<PutKey, WriteAnswer> done) {
  parts_->Change(context, request, std::move(bytes), std::move(done),
                 [&](const NamespaceEntry& entry, Command* command) {
                   command->kind = CommandKind::kPut;
                   command->first = request.ttl_ms.value_or(entry.limits().default_ttl_ms);
                   command->payload = request.value;
                 });
}

void Grid::Call(const Context& context, const DeleteKey& request, base::Buffer&& bytes,
                Done<DeleteKey, WriteAnswer> done) {
  parts_->Change(
      context, request, std::move(bytes), std::move(done),
      [](const NamespaceEntry&, Command* command) { command->kind = CommandKind::kRemove; });
}

void Grid::Call(const Context& context, const CompareAndSwap& request, base::Buffer&& bytes,
                Done<CompareAndSwap, WriteAnswer> done) {
  parts_->Change(context, request, std::move(bytes), std::move(done),
                 [&](const NamespaceEntry& entry, Command* command) {
                   command->kind = CommandKind::kCompareAndSwap;
                   command->first = request.ttl_ms.value_or(entry.limits().default_ttl_ms);
                   command->second = request.expected_version.value_or(0);
                   command->operand = request.expected;
                   command->payload = request.new_value;
                   if (request.expect_absent) {
                     command->flags = kExpectAbsent;
                   } else {
                     const bool by_version = request.expected_version.has_value();
                     const bool by_value = !by_version || !request.expected.empty();
                     command->flags = static_cast<uint8_t>((by_version ? kExpectVersion : 0) |
                                                           (by_value ? kExpectValue : 0));
                   }
                 });
}

void Grid::ListKeys(const Context& context, const List& request, base::Buffer&& bytes,
                    Done<List, ListAnswer> done) {
  parts_->Page(context, Space::kKeys, request, std::move(bytes), std::move(done));
}

void Grid::Call(const Context& context, const AllocateMemory& request, base::Buffer&& bytes,
                Done<AllocateMemory, WriteAnswer> done) {
  parts_->Change(context, request, std::move(bytes), std::move(done),
                 [&](const NamespaceEntry&, Command* command) {
                   command->kind = CommandKind::kAllocateRegion;
                   command->first = request.size_bytes;
                 });
}

void Grid::Call(const Context& context, const WriteMemory& request, base::Buffer&& bytes,
                Done<WriteMemory, WriteAnswer> done) {
  parts_->Change(context, request, std::move(bytes), std::move(done),
                 [&](const NamespaceEntry&, Command* command) {
                   command->kind = CommandKind::kWriteRegion;
                   command->first = request.offset;
                   command->payload = request.data;
                 });
}

void Grid::Call(const Context& context, const ReadMemory& request, base::Buffer&& bytes,
                Done<ReadMemory, MemoryAnswer> done) {
  parts_->Read(context, request, std::move(bytes), std::move(done));
}

void Grid::Call(const Context& context, const ResizeMemory& request, base::Buffer&& bytes,
                Done<ResizeMemory, WriteAnswer> done) {
  parts_->Change(context, request, std::move(bytes), std::move(done),
                 [&](const NamespaceEntry&, Command* command) {
                   command->kind = CommandKind::kResizeRegion;
                   command->first = request.new_size;
                 });
}

void Grid::Call(const Context& context, const FreeMemory& request, base::Buffer&& bytes,
                Done<FreeMemory, WriteAnswer> done) {
  parts_->Change(
      context, request, std::move(bytes), std::move(done),
      [](const NamespaceEntry&, Command* command) { command->kind = CommandKind::kFreeRegion; });
}

void Grid::Call(const Context& context, const DescribeMemory& request, base::Buffer&& bytes,
                Done<DescribeMemory, MemoryAnswer> done) {
  parts_->Read(context, request, std::move(bytes), std::move(done));
}

void Grid::Call(const Context& context, const CompareAndSwapMemory& request, base::Buffer&& bytes,
                Done<CompareAndSwapMemory, WriteAnswer> done) {
  parts_->Change(context, request, std::move(bytes), std::move(done),
                 [&](const NamespaceEntry&, Command* command) {
                   command->kind = CommandKind::kSwapRegionRange;
                   command->first = request.offset;
                   command->operand = request.expected;
                   command->payload = request.new_value;
                 });
}

void Grid::ListMemoryRegions(const Context& context, const List& request, base::Buffer&& bytes,
                             Done<List, ListAnswer> done) {
  parts_->Page(context, Space::kRegions, request, std::move(bytes), std::move(done));
}

}  // namespace memgrid::grid
