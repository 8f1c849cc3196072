// Text joined from parts, and the bridge between the two string views.
//
// Debian's Abseil is built for C++14: its absl::string_view is a type of its own, and neither
// converts to std::string_view nor is made from one. memgrid uses std::string_view throughout; what
// crosses to Abseil goes through here.

#pragma once

#include <string>
#include <string_view>
#include <type_traits>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace memgrid::base {

inline absl::string_view ToAbsl(std::string_view text) { return {text.data(), text.size()}; }
inline std::string_view FromAbsl(absl::string_view text) { return {text.data(), text.size()}; }

namespace internal {

// What absl::StrCat understands of a part.
template <typename Part>
decltype(auto) StrCatPart(const Part& part) {
  if constexpr (std::is_same_v<Part, std::string_view>) {
    return ToAbsl(part);
  } else {
    return (part);
  }
}

}  // namespace internal

// absl::StrCat that takes std::string_view too: numbers, strings, absl::Hex and the like.
template <typename... Parts>
std::string StrCat(const Parts&... parts) {
  return absl::StrCat(internal::StrCatPart(parts)...);
}

}  // namespace memgrid::base
