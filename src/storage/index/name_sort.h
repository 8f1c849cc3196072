// Sorting of slots by the names of their records.

#pragma once

#include <vector>

#include "storage/index/slot.h"

namespace memgrid::storage {

// Sorts live slots of distinct names into the order of their names. Reads each record about once for every eight bytes
// that it takes to tell names apart; needs 16 bytes a slot.
void SortByName(std::vector<Slot>& slots);

}  // namespace memgrid::storage
