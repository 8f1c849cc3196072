// memgrid memory ...

#include <nlohmann/json.hpp>

#include "base/units.h"
#include "commands.h"
#include "files.h"
#include "output.h"

namespace memgrid::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kChunkBytes = 1 << 20;

struct Arguments {
  std::string name_space, name, file, prefix, size_text;
  uint64_t size = 0;
  uint64_t limit = 0;
};

template <typename Request>
Request For(const Arguments& a) {
  Request request;
  request.set_namespace_(a.name_space);
  request.set_key(a.name);
  return request;
}

pb::DescribeMemoryResponse DescribeRegion(Client& client, const Arguments& a) {
  return client.Call(client.regions(), &pb::MemoryService::Stub::DescribeMemory,
                     For<pb::DescribeMemoryRequest>(a));
}

void Allocate(Context& context, const Arguments& a) {
  auto request = For<pb::AllocateMemoryRequest>(a);
  request.set_size_bytes(a.size);
  Client& client = context.client();
  client.Identify(request);
  const auto answer =
      client.Call(client.regions(), &pb::MemoryService::Stub::AllocateMemory, request);
  if (context.json)
    PrintJson({{"name", a.name}, {"size", answer.size_bytes()}, {"version", answer.version()}});
}

void ResizeTo(Client& client, const Arguments& a, uint64_t size) {
  auto request = For<pb::ResizeMemoryRequest>(a);
  request.set_new_size(size);
  client.Identify(request);
  client.Call(client.regions(), &pb::MemoryService::Stub::ResizeMemory, request);
}

void Resize(Context& context, const Arguments& a) {
  ResizeTo(context.client(), a, a.size);
  if (context.json) PrintJson({{"name", a.name}, {"size", a.size}});
}

void Free(Context& context, const Arguments& a) {
  auto request = For<pb::FreeMemoryRequest>(a);
  Client& client = context.client();
  client.Identify(request);
  client.Call(client.regions(), &pb::MemoryService::Stub::FreeMemory, request);
  if (context.json) PrintJson({{"name", a.name}});
}

void Describe(Context& context, const Arguments& a) {
  const auto answer = DescribeRegion(context.client(), a);
  if (context.json) {
    PrintJson({{"name", a.name},
               {"size", answer.size()},
               {"data_length", answer.data_length()},
               {"version", answer.version()}});
    return;
  }
  Table table({"NAME", "SIZE", "DATA LENGTH", "VERSION"});
  table.Add({a.name, std::to_string(answer.size()), std::to_string(answer.data_length()),
             std::to_string(answer.version())});
  Print(table.Text());
}

void List(Context& context, const Arguments& a) {
  pb::ListMemoryRegionsRequest request;
  request.set_namespace_(a.name_space);
  request.set_prefix(a.prefix);
  Client& client = context.client();
  std::string text;
  uint64_t left = a.limit == 0 ? UINT64_MAX : a.limit;
  do {
    request.set_limit(std::min<uint64_t>(left, 10'000));
    const auto page =
        client.Call(client.regions(), &pb::MemoryService::Stub::ListMemoryRegions, request);
    for (const std::string& name : page.keys()) {
      text += context.json ? Json{{"name", name}}.dump() : name;
      text += '\n';
    }
    left -= std::min<uint64_t>(left, static_cast<uint64_t>(page.keys_size()));
    request.set_cursor(page.next_cursor());
  } while (left != 0 && !request.cursor().empty());
  Print(text);
}

// Creates the region, or finds that it is there.
void Ensure(Client& client, const Arguments& a, uint64_t size) {
  auto request = For<pb::AllocateMemoryRequest>(a);
  request.set_size_bytes(size);
  client.Identify(request);
  grpc::ClientContext context;
  client.Authorize(context);
  pb::AllocateMemoryResponse answer;
  const grpc::Status status = client.regions().AllocateMemory(&context, request, &answer);
  if (!status.ok() && status.error_code() != grpc::StatusCode::ALREADY_EXISTS) Client::Fail(status);
}

uint64_t StreamUp(Client& client, const Arguments& a, Input& input) {
  Progress progress("upload " + a.name, input.size().value_or(0));
  grpc::ClientContext context;
  client.Authorize(context);
  pb::WriteMemoryResponse answer;
  auto stream = client.regions().StreamWriteMemory(&context, &answer);
  pb::StreamWriteMemoryRequest message;
  message.set_namespace_(a.name_space);
  message.set_key(a.name);
  std::string chunk(kChunkBytes, '\0');
  uint64_t sent = 0;
  for (;;) {
    const size_t got = input.Read(chunk);
    if (got == 0 && sent != 0) break;
    message.set_data(chunk.data(), got);
    message.set_offset(sent);
    if (!stream->Write(message)) break;
    sent += got;
    progress.Advance(got);
    if (got < kChunkBytes) break;
    message.clear_namespace_();
    message.clear_key();
  }
  stream->WritesDone();
  if (const grpc::Status status = stream->Finish(); !status.ok()) Client::Fail(status);
  progress.Done();
  return sent;
}

void Upload(Context& context, const Arguments& a) {
  Input input(a.file);
  Client& client = context.client();
  client.Connect();
  Ensure(client, a, input.size().value_or(0));
  const uint64_t sent = StreamUp(client, a, input);
  ResizeTo(client, a, sent);  // what a longer content before it had behind goes
  if (context.json) PrintJson({{"name", a.name}, {"bytes", sent}});
}

void Download(Context& context, const Arguments& a) {
  Client& client = context.client();
  const uint64_t length = DescribeRegion(client, a).data_length();
  Output output(a.file);
  Progress progress("download " + a.name, length);
  auto request = For<pb::StreamReadMemoryRequest>(a);
  request.set_length(length);
  grpc::ClientContext call;
  client.Authorize(call);
  auto stream = client.regions().StreamReadMemory(&call, request);
  pb::ReadMemoryResponse message;
  uint64_t received = 0;
  while (stream->Read(&message)) {
    output.Write(message.data());
    received += message.data().size();
    progress.Advance(message.data().size());
  }
  if (const grpc::Status status = stream->Finish(); !status.ok()) Client::Fail(status);
  if (received != length)
    throw Failure{"the stream ended after " + std::to_string(received) + " of " +
                  std::to_string(length) + " bytes"};
  output.Commit();
  progress.Done();
  if (context.json && a.file != "-") PrintJson({{"name", a.name}, {"bytes", length}});
}

CLI::App* Place(CLI::App* command, Arguments& a) {
  command->add_option("NAMESPACE", a.name_space)->required();
  command->add_option("NAME", a.name)->required();
  return command;
}

void AddSize(CLI::App* command, std::shared_ptr<Arguments> a) {
  command->add_option("SIZE", a->size_text, "bytes; K M G T are powers of 1,024")->required();
  command->parse_complete_callback([a] {
    const auto size = base::ParseBytes(a->size_text);
    if (!size.ok()) throw CLI::ValidationError("SIZE", std::string(size.status().message()));
    a->size = *size;
  });
}

}  // namespace

void AddMemoryCommands(CLI::App& app, Context& context) {
  CLI::App* memory = AddGroup(app, "memory", "Regions: byte-addressed memory");
  for (auto [name, help, run] : {std::tuple{"allocate", "Create a region", &Allocate},
                                 {"resize", "Change the size of a region", &Resize}}) {
    auto a = std::make_shared<Arguments>();
    AddSize(Place(AddCommand(*memory, context, name, help, a, run), *a), a);
  }
  for (auto [name, help, run] :
       {std::tuple{"upload", "Create a region from a file, or replace its content", &Upload},
        {"download", "Write a region's content to a file", &Download}}) {
    auto a = std::make_shared<Arguments>();
    Place(AddCommand(*memory, context, name, help, a, run), *a)
        ->add_option("FILE", a->file, "a file; - is a pipe")
        ->required();
  }
  for (auto [name, help, run] :
       {std::tuple{"describe", "Print size and data length of a region", &Describe},
        {"free", "Remove a region", &Free}}) {
    auto a = std::make_shared<Arguments>();
    Place(AddCommand(*memory, context, name, help, a, run), *a);
  }
  auto a = std::make_shared<Arguments>();
  CLI::App* list =
      AddCommand(*memory, context, "list", "Print the names of regions, in order", a, List);
  list->add_option("NAMESPACE", a->name_space)->required();
  list->add_option("PREFIX", a->prefix);
  list->add_option("--limit", a->limit, "at most so many; 0 = all")->type_name("N");
}

}  // namespace memgrid::cli
