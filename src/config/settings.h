// The table of settings: one row each, from which parsing, range checks, messages and the reference
// page come.

#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"

namespace memgrid::config {

enum class SettingType : uint8_t {
  kBool,
  kInteger,
  kBytes,    // integer, or text such as "4G"
  kPercent,  // integer, or "off" = 0 where 0 is allowed to mean that
  kText,
  kChoice,  // text out of `choices`
  kTexts,   // list of texts, or one text
};

// A value that has passed its row's checks; the member that the type asks for is set.
struct SettingValue {
  bool flag = false;
  int64_t number = 0;
  std::string text;
  std::vector<std::string> texts;
};

// Where a row writes to: the section being read.
struct SettingTarget {
  Config* config = nullptr;
  Store* store = nullptr;
  Namespace* name_space = nullptr;
};

struct Setting {
  std::string_view section;  // "server", "listen", "auth", "store", "namespace"
  std::string_view name;
  SettingType type;
  int64_t minimum;  // of numbers
  int64_t maximum;
  std::string_view fallback;  // as text, for the reference
  std::string_view choices;   // kChoice: "a|b"
  std::string_view help;
  void (*set)(SettingTarget&, SettingValue&&);
};

// All rows, grouped by section.
std::span<const Setting> Settings();

// Sections that carry a name of their own: [store.NAME], [namespace.NAME].
bool IsNamedSection(std::string_view section);

// "1 to 99", "64M to 2T", "true or false", "\"off\" or \"jwt\"": what a row allows.
std::string Allowed(const Setting& setting);

// The candidate with the least edit distance to `name`, if it is near enough to be meant; else
// empty.
std::string_view Nearest(std::string_view name, std::span<const std::string_view> candidates);

}  // namespace memgrid::config
