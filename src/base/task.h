// A piece of work handed from one place to another: called once, moved, never copied.

#pragma once

#include "absl/functional/any_invocable.h"

namespace memgrid::base {

using Task = absl::AnyInvocable<void()>;

}  // namespace memgrid::base
