// memgrid kv ...

#include <unistd.h>

#include <nlohmann/json.hpp>

#include "commands.h"
#include "files.h"
#include "output.h"

namespace memgrid::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kMaxValueBytes = 16 << 20;

struct Arguments {
  std::string name_space, key, value, file, expected, prefix;
  uint64_t ttl_ms = 0;
  uint64_t limit = 0;
  bool has_ttl = false, absent = false;
};

void Put(Context& context, const Arguments& a) {
  pb::PutKeyRequest request;
  request.set_namespace_(a.name_space);
  request.set_key(a.key);
  if (!a.file.empty()) {
    request.set_value(ReadAll(a.file, kMaxValueBytes));
  } else {
    request.set_value(a.value == "-" ? ReadAll("-", kMaxValueBytes) : a.value);
  }
  if (a.has_ttl) request.set_ttl_ms(a.ttl_ms);
  Client& client = context.client();
  client.Identify(request);
  const auto answer = client.Call(client.keys(), &pb::KeyValueService::Stub::PutKey, request);
  if (context.json) PrintJson({{"key", a.key}, {"version", answer.version()}});
}

void Get(Context& context, const Arguments& a) {
  pb::GetKeyRequest request;
  request.set_namespace_(a.name_space);
  request.set_key(a.key);
  Client& client = context.client();
  const auto answer = client.Call(client.keys(), &pb::KeyValueService::Stub::GetKey, request);
  if (context.json) {
    Json object{{"key", a.key}};
    SetBytes(object, "value", answer.value());
    object["version"] = answer.version();
    PrintJson(object);
    return;
  }
  Print(answer.value());  // the bytes as they are, so that files and pipes get just them
  if (::isatty(STDOUT_FILENO) == 1) Print("\n");
}

void Delete(Context& context, const Arguments& a) {
  pb::DeleteKeyRequest request;
  request.set_namespace_(a.name_space);
  request.set_key(a.key);
  Client& client = context.client();
  client.Identify(request);
  const auto answer = client.Call(client.keys(), &pb::KeyValueService::Stub::DeleteKey, request);
  if (context.json) PrintJson({{"key", a.key}, {"version", answer.version()}});
}

void List(Context& context, const Arguments& a) {
  pb::ListKeysRequest request;
  request.set_namespace_(a.name_space);
  request.set_prefix(a.prefix);
  Client& client = context.client();
  std::string text;
  uint64_t left = a.limit == 0 ? UINT64_MAX : a.limit;
  do {
    request.set_limit(std::min<uint64_t>(left, 10'000));
    const auto page = client.Call(client.keys(), &pb::KeyValueService::Stub::ListKeys, request);
    for (const std::string& key : page.keys()) {
      text += context.json ? Json{{"key", key}}.dump() : key;
      text += '\n';
    }
    left -= std::min<uint64_t>(left, static_cast<uint64_t>(page.keys_size()));
    request.set_cursor(page.next_cursor());
  } while (left != 0 && !request.cursor().empty());
  Print(text);
}

void CompareAndSwap(Context& context, const Arguments& a) {
  pb::CompareAndSwapRequest request;
  request.set_namespace_(a.name_space);
  request.set_key(a.key);
  request.set_expected(a.expected);
  request.set_newvalue(a.value);
  request.set_expect_absent(a.absent);
  if (a.has_ttl) request.set_ttl_ms(a.ttl_ms);
  Client& client = context.client();
  client.Identify(request);
  const auto answer =
      client.Call(client.keys(), &pb::KeyValueService::Stub::CompareAndSwap, request);
  if (!answer.swapped())
    throw Failure{"not swapped: the value of \"" + a.key + "\" is another one"};
  if (context.json) PrintJson({{"key", a.key}, {"swapped", true}, {"version", answer.version()}});
}

void Place(CLI::App* command, Arguments& a) {
  command->add_option("NAMESPACE", a.name_space)->required();
  command->add_option("KEY", a.key)->required();
}

void AddPut(CLI::App& kv, Context& context) {
  auto a = std::make_shared<Arguments>();
  CLI::App* put = AddCommand(kv, context, "put", "Store a value under a key", a, Put);
  Place(put, *a);
  CLI::Option* value =
      put->add_option("VALUE", a->value, "the value itself; - reads standard input");
  CLI::Option* file =
      put->add_option("--file", a->file, "read the value from a file")->type_name("FILE");
  CLI::Option* ttl =
      put->add_option("--ttl-ms", a->ttl_ms, "milliseconds to live; 0 = for ever")->type_name("MS");
  value->excludes(file);
  put->parse_complete_callback([a, value, file, ttl] {
    if (value->count() + file->count() == 0) throw CLI::RequiredError("VALUE or --file");
    a->has_ttl = ttl->count() > 0;
  });
}

void AddCompareAndSwap(CLI::App& kv, Context& context) {
  auto a = std::make_shared<Arguments>();
  CLI::App* cas = AddCommand(kv, context, "cas", "Replace a value if it is still the expected one",
                             a, CompareAndSwap);
  Place(cas, *a);
  cas->add_option("EXPECTED", a->expected)->required();
  cas->add_option("NEW", a->value)->required();
  cas->add_flag("--expect-absent", a->absent, "create the key; EXPECTED is not looked at");
  CLI::Option* ttl =
      cas->add_option("--ttl-ms", a->ttl_ms, "milliseconds to live; 0 = for ever")->type_name("MS");
  cas->parse_complete_callback([a, ttl] { a->has_ttl = ttl->count() > 0; });
}

}  // namespace

void AddKeyCommands(CLI::App& app, Context& context) {
  CLI::App* kv = AddGroup(app, "kv", "Keys and their values");
  AddPut(*kv, context);
  for (auto [name, help, run] : {std::tuple{"get", "Print the value of a key", &Get},
                                 {"delete", "Remove a key; fine if it is not there", &Delete}}) {
    auto a = std::make_shared<Arguments>();
    Place(AddCommand(*kv, context, name, help, a, run), *a);
  }
  auto a = std::make_shared<Arguments>();
  CLI::App* list = AddCommand(*kv, context, "list", "Print the names of keys, in order", a, List);
  list->add_option("NAMESPACE", a->name_space)->required();
  list->add_option("PREFIX", a->prefix);
  list->add_option("--limit", a->limit, "at most so many; 0 = all")->type_name("N");
  AddCompareAndSwap(*kv, context);
}

}  // namespace memgrid::cli
