// Names are UTF-8 without NUL.

#pragma once

#include <string_view>

namespace memgrid::base {

// True for well-formed UTF-8 (RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF)
// that has no NUL byte; true for "". Eight ASCII bytes at a time.
bool IsUtf8WithoutNul(std::string_view text);

}  // namespace memgrid::base
