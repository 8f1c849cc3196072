// Whether a shard is equal to a model. Each returns what differs, empty if nothing does.
//
// Called within a turn of a loop of the store.

#pragma once

#include <set>
#include <string>

#include "storage/shard.h"
#include "storage/testing/model_engine.h"

namespace memgrid::sim {

using storage::Shard;
using storage::testing::ModelName;
using storage::testing::ModelShard;

// `rot`: bits have changed on the disk, so any name may answer that its bytes are lost; but never
// older bytes, or other ones, or that it is not there.
std::string CompareName(const Shard& shard, const ModelShard& model, const ModelName& name,
                        bool rot = false);

// All names that were ever used, the lists of their namespaces, the grid's records, the clock.
std::string CompareAll(const Shard& shard, const ModelShard& model,
                       const std::set<ModelName>& names, bool rot = false);

}  // namespace memgrid::sim
