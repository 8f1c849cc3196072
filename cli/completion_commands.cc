// memgrid completion ...: scripts for shells, made from the commands themselves.

#include "commands.h"
#include "output.h"

namespace memgrid::cli {
namespace {

struct Arguments {
  const CLI::App* app = nullptr;
};

// Visits every command with its path ("", "kv", "kv put").
void ForEachCommand(const CLI::App& app, const std::string& path,
                    const std::function<void(const std::string&, const CLI::App&)>& visit) {
  visit(path, app);
  for (const CLI::App* sub : app.get_subcommands([](const CLI::App*) { return true; })) {
    ForEachCommand(*sub, path.empty() ? sub->get_name() : path + " " + sub->get_name(), visit);
  }
}

// Sub-commands and long options of a command.
std::vector<std::string> Words(const CLI::App& app) {
  std::vector<std::string> words;
  for (const CLI::App* sub : app.get_subcommands([](const CLI::App*) { return true; }))
    words.push_back(sub->get_name());
  for (const CLI::Option* option : app.get_options()) {
    if (!option->get_lnames().empty()) words.push_back("--" + option->get_lnames()[0]);
  }
  return words;
}

std::string Join(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : " ") + word;
  return out;
}

void Bash(Context&, const Arguments& a) {
  std::string cases;
  ForEachCommand(*a.app, "", [&](const std::string& path, const CLI::App& app) {
    cases += "    \"" + path + "\") words=\"" + Join(Words(app)) + "\" ;;\n";
  });
  Print(
      "_memgrid() {\n"
      "  local path=\"\" words=\"\" word\n"
      "  for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
      "    case \"$word\" in -*) ;; *) path=\"${path:+$path }$word\" ;; esac\n"
      "  done\n"
      "  while :; do\n"
      "    words=\"?\"\n"
      "    case \"$path\" in\n" +
      cases +
      "    esac\n"
      "    [ \"$words\" != \"?\" ] && break\n"
      "    case \"$path\" in *\" \"*) path=\"${path% *}\" ;; *) path=\"\" ;; esac\n"
      "  done\n"
      "  COMPREPLY=($(compgen -W \"$words\" -- \"${COMP_WORDS[COMP_CWORD]}\"))\n"
      "  [ ${#COMPREPLY[@]} -eq 0 ] && COMPREPLY=($(compgen -f -- \"${COMP_WORDS[COMP_CWORD]}\"))\n"
      "}\ncomplete -o filenames -F _memgrid memgrid primatomic-cli\n");
}

void Zsh(Context& context, const Arguments& a) {
  Print("#compdef memgrid primatomic-cli\nautoload -U +X bashcompinit && bashcompinit\n");
  Bash(context, a);
}

void Fish(Context&, const Arguments& a) {
  std::string out;
  ForEachCommand(*a.app, "", [&](const std::string& path, const CLI::App& app) {
    const std::string when =
        path.empty() ? "__fish_use_subcommand"
                     : "test (string join \" \" (commandline -opc)[2..-1]) = \"" + path + "\"";
    for (const std::string& word : Words(app)) {
      out += "complete -c memgrid -n '" + when + "' " +
             (word.starts_with("--") ? "-l " + word.substr(2) : "-f -a " + word) + "\n";
    }
  });
  Print(out);
}

}  // namespace

void AddCompletionCommands(CLI::App& app, Context& context) {
  CLI::App* group = AddGroup(app, "completion", "Scripts that let a shell complete commands");
  for (auto [name, run] : {std::pair{"bash", &Bash}, {"zsh", &Zsh}, {"fish", &Fish}}) {
    auto a = std::make_shared<Arguments>();
    a->app = &app;
    AddCommand(*group, context, name, std::string("Print the script for ") + name, a, run);
  }
}

}  // namespace memgrid::cli
