// What must hold of a store between commands, checked from scratch: for tests and simulations.
//
// The numbers are those of the list in docs/internals/engine.md.

#pragma once

#include "storage/store.h"

namespace memgrid::storage {

// Dies, saying what does not hold, if one of these is broken for a shard that the calling loop owns, or for the pool:
//  1. recorded ≤ persisted ≤ applied.
//  5. Every slot leads to a record in a wblock of the shard that passes its checks and has the slot's name.
//  6. The live bytes of a wblock are the lengths of the records in it that can be reached (but for regions that are being
//     released, whose parts may still be counted).
//  7. Listing gives each live name once, in order, and no other.
// 12. A wblock is free, open, sealed or quarantined, and the shard's list has it once.
// 16. Chunks of a live value are all there and of one seq.
// 18. No name with a deadline at or before the clock is visible.
// On a loop, not inside a command; costs the whole store.
void CheckInvariants(Store& store);

}  // namespace memgrid::storage
