// From what the configuration says, and what the machine has, to what each part is given.

#pragma once

#include <vector>

#include "config/config.h"
#include "env/posix/machine.h"
#include "grid/grid.h"
#include "storage/options.h"

namespace memgrid::server {

// Loops to run: as told, else one a CPU that this process may use.
int LoopCount(const config::Config& config, const env::Machine& machine);

// One a store. Sizes that were not given: 4 GiB, or half of the memory limit if that is less
// (shared by all stores that were given none). The default store gets the file
// DATA-DIR/shadow/default.0 unless it was given files or lives in memory; relative file names count
// from the working directory.
std::vector<storage::StoreOptions> StoresOf(const config::Config& config,
                                            const env::Machine& machine);

grid::GridOptions GridOf(const config::Config& config);

}  // namespace memgrid::server
