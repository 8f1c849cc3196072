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

std::string CompareName(const Shard& shard, const ModelShard& model, const ModelName& name);

// All names that were ever used, the lists of their namespaces, the grid's records, the clock.
std::string CompareAll(const Shard& shard, const ModelShard& model,
                       const std::set<ModelName>& names);

}  // namespace memgrid::sim
