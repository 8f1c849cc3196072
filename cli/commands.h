// The commands of the command line. Each group declares its commands, arguments and help in one
// function; running one happens after the whole line has been parsed, so a wrong line sends
// nothing.

#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <memory>
#include <string>

#include "client.h"

namespace memgrid::cli {

// What all commands share. Filled by the parser before a command runs.
struct Context {
  std::string endpoint;
  std::string token;
  bool json = false;
  // The chosen command; null: none was named.
  std::function<void()> run;

  // Made on first use, so that a wrong command line connects to nothing.
  Client& client() {
    if (!client_) client_ = std::make_unique<Client>(endpoint, token);
    return *client_;
  }

 private:
  std::unique_ptr<Client> client_;
};

void AddKeyCommands(CLI::App& app, Context& context);
void AddNamespaceCommands(CLI::App& app, Context& context);
void AddMemoryCommands(CLI::App& app, Context& context);
void AddStoreCommands(CLI::App& app, Context& context);
void AddCompletionCommands(CLI::App& app, Context& context);

// A command of a group: its arguments live in `arguments`, which the callback keeps alive.
template <typename Arguments>
CLI::App* AddCommand(CLI::App& group, Context& context, const std::string& name,
                     const std::string& help, std::shared_ptr<Arguments> arguments,
                     void (*run)(Context&, const Arguments&)) {
  CLI::App* command = group.add_subcommand(name, help);
  command->fallthrough();
  command->callback([&context, arguments, run] {
    context.run = [&context, arguments, run] { run(context, *arguments); };
  });
  return command;
}

// A group of commands ("kv", "memory"); one of them must follow.
CLI::App* AddGroup(CLI::App& app, const std::string& name, const std::string& help);

}  // namespace memgrid::cli
