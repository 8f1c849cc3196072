// memgrid: the command line. Exit codes: 0 done; 1 refused, not found, not swapped, not reached; 2
// the line is wrong and nothing was sent.

#include <csignal>
#include <cstdio>
#include <cstdlib>

#include "commands.h"

namespace memgrid::cli {
namespace {

constexpr size_t kHelpColumns = 100;

// Help that begins with "Usage:" and keeps to 100 columns.
class HelpFormatter : public CLI::Formatter {
 public:
  HelpFormatter() { column_width(30); }

  std::string make_help(const CLI::App* app, std::string, CLI::AppFormatMode) const override {
    std::string out = "Usage: " + Path(app);
    std::string arguments, options;
    for (const CLI::Option* option : app->get_options()) AddOption(option, out, arguments, options);
    const auto subs = app->get_subcommands([](const CLI::App*) { return true; });
    out += subs.empty() ? " [OPTIONS]\n" : " COMMAND [OPTIONS]\n";
    if (!app->get_description().empty()) out += "\n" + app->get_description() + ".\n";
    if (!arguments.empty()) out += "\nArguments:\n" + arguments;
    if (!subs.empty()) {
      out +=
          app->get_parent() ? "\n" + app->get_name() + " commands:\n" : "\nAvailable commands:\n";
      for (const CLI::App* sub : subs) out += Line(sub->get_name(), sub->get_description());
    }
    for (const CLI::App* up = app->get_parent(); up != nullptr; up = up->get_parent()) {
      for (const CLI::Option* option : up->get_options()) {
        if (!option->get_lnames().empty() && option->get_lnames()[0] != "help")
          options += OptionLine(option);
      }
    }
    return out + "\nOptions:\n" + options;
  }

 private:
  static std::string Path(const CLI::App* app) {
    return app->get_parent() ? Path(app->get_parent()) + " " + app->get_name() : "memgrid";
  }

  static void AddOption(const CLI::Option* option, std::string& usage, std::string& arguments,
                        std::string& options) {
    if (option->get_positional()) {
      const std::string name = option->get_name(true);
      usage += option->get_required() ? " " + name : " [" + name + "]";
      if (!option->get_description().empty()) arguments += Line(name, option->get_description());
    } else {
      options += OptionLine(option);
    }
  }

  static std::string OptionLine(const CLI::Option* option) {
    std::string name = "--" + option->get_lnames()[0];
    if (option->get_type_size() > 0 && !option->get_type_name().empty())
      name += " " + option->get_type_name();
    return Line(name, option->get_description());
  }

  static std::string Line(const std::string& name, const std::string& text) {
    std::string line = "  " + name;
    line += std::string(line.size() < 28 ? 28 - line.size() : 2, ' ') + text;
    if (line.size() > kHelpColumns) line.resize(kHelpColumns);
    return line + "\n";
  }
};

std::string FromEnvironment(const char* name, const char* other, const std::string& fallback) {
  for (const char* variable : {name, other}) {
    const char* value = std::getenv(variable);
    if (value != nullptr && *value != '\0') return value;
  }
  return fallback;
}

void Declare(CLI::App& app, Context& context) {
  app.formatter(std::make_shared<HelpFormatter>());
  app.set_help_flag("--help", "show this, and leave");
  app.set_version_flag("--version", "memgrid " MEMGRID_VERSION)
      ->description("show the version, and leave");
  app.add_option("--endpoint", context.endpoint,
                 "server, or MEMGRID_ENDPOINT (default 127.0.0.1:50051)")
      ->type_name("HOST:PORT");
  app.add_option("--token", context.token, "credential, or MEMGRID_TOKEN")->type_name("TOKEN");
  app.add_flag("--json", context.json, "print JSON");
  AddKeyCommands(app, context);
  AddNamespaceCommands(app, context);
  AddMemoryCommands(app, context);
  AddStoreCommands(app, context);
  AddCompletionCommands(app, context);
  app.require_subcommand(1);
}

// The deepest command that the line named.
const CLI::App* Chosen(const CLI::App* app) {
  const auto named = app->get_subcommands();
  return named.empty() ? app : Chosen(named.back());
}

std::string PathOf(const CLI::App* app) {
  return app->get_parent() ? PathOf(app->get_parent()) + " " + app->get_name() : "memgrid";
}

int Wrong(const CLI::App& app, std::string why) {
  for (char& c : why) {
    if (c == '\n') c = ' ';
  }
  const CLI::App* chosen = Chosen(&app);
  const std::string path = PathOf(chosen);
  if (!chosen->get_subcommands([](const CLI::App*) { return true; }).empty()) {
    const auto rest = chosen->remaining(true);
    why = rest.empty() ? "a command is required" : "there is no command \"" + rest[0] + "\"";
  }
  std::fprintf(stderr, "%s: %s\nsee %s --help\n", path.c_str(), why.c_str(), path.c_str());
  return 2;
}

int Main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  Context context;
  context.endpoint = FromEnvironment("MEMGRID_ENDPOINT", "PRIMATOMIC_ENDPOINT", "127.0.0.1:50051");
  context.token = FromEnvironment("MEMGRID_TOKEN", "PRIMATOMIC_TOKEN", "");
  CLI::App app("Keys and memory regions shared by a fleet of processes", "memgrid");
  Declare(app, context);
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    std::fputs(Chosen(&app)->help().c_str(), stdout);
    return 0;
  } catch (const CLI::CallForVersion& version) {
    std::printf("%s\n", version.what());
    return 0;
  } catch (const CLI::ParseError& error) {
    return Wrong(app, error.what());
  }
  try {
    context.run();
  } catch (const Failure& failure) {
    std::fprintf(stderr, "memgrid: %s\n", failure.text.c_str());
    return 1;
  }
  return 0;
}

}  // namespace

CLI::App* AddGroup(CLI::App& app, const std::string& name, const std::string& help) {
  CLI::App* group = app.add_subcommand(name, help);
  group->fallthrough()->require_subcommand(1);
  return group;
}

}  // namespace memgrid::cli

int main(int argc, char** argv) { return memgrid::cli::Main(argc, argv); }
