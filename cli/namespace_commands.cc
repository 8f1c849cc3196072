// memgrid namespace ...

#include <nlohmann/json.hpp>

#include "commands.h"
#include "output.h"

namespace memgrid::cli {
namespace {

struct Arguments {
  std::string name;
};

void Create(Context& context, const Arguments& a) {
  pb::CreateNamespaceRequest request;
  request.set_namespace_(a.name);
  Client& client = context.client();
  client.Identify(request);
  client.Call(client.keys(), &pb::KeyValueService::Stub::CreateNamespace, request);
  if (context.json) PrintJson({{"namespace", a.name}});
}

void List(Context& context, const Arguments& a) {
  pb::ListNamespacesRequest request;
  request.set_prefix(a.name);
  Client& client = context.client();
  const auto answer = client.Call(client.admin(), &pb::AdminService::Stub::ListNamespaces, request);
  std::string text;
  for (const std::string& name : answer.namespaces()) {
    text += context.json ? nlohmann::ordered_json{{"namespace", name}}.dump() : name;
    text += '\n';
  }
  Print(text);
}

}  // namespace

void AddNamespaceCommands(CLI::App& app, Context& context) {
  CLI::App* group = AddGroup(app, "namespace", "Namespaces");
  auto create = std::make_shared<Arguments>();
  AddCommand(*group, context, "create", "Create a namespace; fine if it is yours already", create,
             Create)
      ->add_option("NAME", create->name)
      ->required();
  auto list = std::make_shared<Arguments>();
  AddCommand(*group, context, "list", "Print the names of your namespaces, in order", list, List)
      ->add_option("PREFIX", list->name);
}

}  // namespace memgrid::cli
