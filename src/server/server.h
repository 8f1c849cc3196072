// One server process: constructs the parts, connects them, starts, drains and stops. No logic of
// its own.

#pragma once

#include "config/config.h"

namespace memgrid::server {

// Serves until SIGTERM or SIGINT. Returns the exit code: 0 drained, 1 could not start or go on, 2
// the configuration is wrong (one line on standard error says what). Prints `ready ...` on standard
// output once requests are answered. A second signal ends the process at once.
int Run(const config::Config& config);

}  // namespace memgrid::server
