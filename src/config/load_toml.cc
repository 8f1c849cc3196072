// TOML text -> Config, row by row.

#include <utility>

#include "base/status.h"
#include "base/units.h"
#include "config/settings.h"
#include "config/toml.h"

namespace memgrid::config {
namespace {

// Where a node stands, for messages: "FILE:LINE: ".
std::string At(const std::string& path, const toml::node& node) {
  return base::StrCat(path, ":", node.source().begin.line, ": ");
}

std::vector<std::string_view> SectionNames() {
  std::vector<std::string_view> names;
  for (const Setting& row : Settings()) {
    if (names.empty() || names.back() != row.section) names.push_back(row.section);
  }
  return names;
}

std::vector<std::string_view> NamesIn(std::string_view section) {
  std::vector<std::string_view> names;
  for (const Setting& row : Settings()) {
    if (row.section == section) names.push_back(row.name);
  }
  return names;
}

std::string Unknown(std::string_view what, std::string_view name,
                    const std::vector<std::string_view>& known) {
  const std::string_view nearest = Nearest(name, known);
  if (nearest.empty()) return base::StrCat("unknown ", what, " \"", name, "\"");
  return base::StrCat("unknown ", what, " \"", name, "\"; did you mean \"", nearest, "\"?");
}

bool InChoices(std::string_view text, std::string_view choices) {
  while (!choices.empty()) {
    const size_t bar = choices.find('|');
    if (choices.substr(0, bar) == text) return true;
    if (bar == std::string_view::npos) break;
    choices.remove_prefix(bar + 1);
  }
  return false;
}

bool ReadNumber(const Setting& row, const toml::node& node, SettingValue& value) {
  if (auto number = node.value_exact<int64_t>()) {
    value.number = *number;
  } else if (row.type == SettingType::kBytes && node.is_string()) {
    const auto bytes = base::ParseBytes(*node.value<std::string_view>());
    if (!bytes.ok()) return false;
    value.number = static_cast<int64_t>(*bytes);
  } else if (row.type == SettingType::kPercent && node.value<std::string_view>() == "off") {
    value.number = 0;
    return true;
  } else {
    return false;
  }
  return value.number >= row.minimum && value.number <= row.maximum;
}

bool ReadTexts(const toml::node& node, SettingValue& value) {
  if (auto text = node.value_exact<std::string>()) {
    value.texts.push_back(*text);
    return true;
  }
  const toml::array* list = node.as_array();
  if (list == nullptr || list->size() > 128) return false;
  for (const toml::node& item : *list) {
    auto text = item.value_exact<std::string>();
    if (!text) return false;
    value.texts.push_back(*text);
  }
  return true;
}

// False if the node is not of the row's type or out of its range.
bool ReadValue(const Setting& row, const toml::node& node, SettingValue& value) {
  switch (row.type) {
    case SettingType::kBool:
      if (!node.is_boolean()) return false;
      value.flag = *node.value<bool>();
      return true;
    case SettingType::kInteger:
    case SettingType::kBytes:
    case SettingType::kPercent:
      return ReadNumber(row, node, value);
    case SettingType::kText:
    case SettingType::kChoice:
      if (!node.is_string()) return false;
      value.text = *node.value<std::string>();
      return row.type == SettingType::kText || InChoices(value.text, row.choices);
    case SettingType::kTexts:
      return ReadTexts(node, value);
  }
  return false;
}

absl::Status ReadSection(std::string_view section, std::string_view title, const toml::table& table,
                         const std::string& path, SettingTarget target) {
  for (auto&& [key, node] : table) {
    const Setting* found = nullptr;
    for (const Setting& row : Settings()) {
      if (row.section == section && row.name == key.str()) found = &row;
    }
    if (found == nullptr) {
      return base::InvalidArgument(At(path, node), "[", title, "] ",
                                   Unknown("setting", key.str(), NamesIn(section)));
    }
    SettingValue value;
    if (!ReadValue(*found, node, value)) {
      return base::InvalidArgument(At(path, node), "[", title, "] ", found->name, " must be ",
                                   Allowed(*found));
    }
    found->set(target, std::move(value));
  }
  return absl::OkStatus();
}

absl::Status ReadNamedSections(std::string_view section, const toml::table& all,
                               const std::string& path, Config& config) {
  for (auto&& [name, node] : all) {
    const toml::table* table = node.as_table();
    const std::string title = base::StrCat(section, ".", name.str());
    if (table == nullptr) {
      return base::InvalidArgument(At(path, node), "[", section, "] takes sections with a name: [",
                                   section, ".NAME]");
    }
    SettingTarget target{.config = &config};
    const std::string key(name.str());
    if (section == "store") {
      if (config.stores.size() >= 16 && !config.stores.contains(key)) {
        return base::InvalidArgument(At(path, node), "[", title,
                                     "] is one store too many; at most 16 are allowed");
      }
      target.store = &config.stores[key];
    } else {
      target.name_space = &config.namespaces[key];
    }
    if (absl::Status status = ReadSection(section, title, *table, path, target); !status.ok()) {
      return status;
    }
  }
  return absl::OkStatus();
}

// A refusal is one line, whatever names and characters it quotes.
absl::Status OneLine(const absl::Status& status) {
  std::string text(status.message());
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < ' ' || c == 0x7f) c = '?';
  }
  return absl::Status(status.code(), text);
}

absl::Status Add(std::string_view text, const std::string& path, Config& config) {
  toml::table root;
  try {
    root = toml::parse(text, path);
  } catch (const toml::parse_error& error) {
    return base::InvalidArgument(path, ":", error.source().begin.line, ": ",
                                 std::string(error.description()));
  }
  const std::vector<std::string_view> sections = SectionNames();
  for (auto&& [key, node] : root) {
    const std::string_view section = key.str();
    const toml::table* table = node.as_table();
    if (table == nullptr ||
        std::find(sections.begin(), sections.end(), section) == sections.end()) {
      return base::InvalidArgument(
          At(path, node),
          Unknown(table ? "section" : "setting outside a section", section, sections));
    }
    absl::Status status = IsNamedSection(section)
                              ? ReadNamedSections(section, *table, path, config)
                              : ReadSection(section, section, *table, path, {.config = &config});
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status AddToml(std::string_view toml, const std::string& path, Config& config) {
  return OneLine(Add(toml, path, config));
}

}  // namespace memgrid::config
