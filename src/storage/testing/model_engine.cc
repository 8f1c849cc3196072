#include "storage/testing/model_engine.h"

#include <algorithm>
#include <cstring>

namespace memgrid::storage::testing {

std::string Content(uint64_t number, size_t length) {
  std::string bytes(length, '\0');
  uint64_t state = number * 0x9E3779B97F4A7C15u + 1;
  for (size_t i = 0; i < length; i += sizeof state) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    std::memcpy(bytes.data() + i, &state, std::min(sizeof state, length - i));
  }
  return bytes;
}

void ModelRegion::Write(uint64_t offset, std::string_view data) {
  for (size_t i = 0; i < data.size();) {
    std::string& page = pages_[(offset + i) / kPageBytes];
    page.resize(kPageBytes, '\0');
    const size_t from = (offset + i) % kPageBytes;
    const size_t some = std::min(data.size() - i, kPageBytes - from);
    page.replace(from, some, data.substr(i, some));
    i += some;
  }
  meta.size = std::max(meta.size, offset + data.size());
  meta.data_length = std::max(meta.data_length, offset + data.size());
}

void ModelRegion::Resize(uint64_t size) {
  pages_.erase(pages_.lower_bound((size + kPageBytes - 1) / kPageBytes), pages_.end());
  const auto last = pages_.find(size / kPageBytes);
  if (last != pages_.end()) {
    const auto cut = static_cast<std::ptrdiff_t>(size % kPageBytes);
    std::fill(last->second.begin() + cut, last->second.end(), '\0');
  }
  meta.size = size;
  meta.data_length = std::min(meta.data_length, size);
}

std::string ModelRegion::Read(uint64_t offset, uint64_t length) const {
  std::string all;
  all.reserve(length);
  for (uint64_t at = offset; at < offset + length;) {
    const size_t from = at % kPageBytes;
    const size_t some = std::min(offset + length - at, kPageBytes - from);
    const auto page = pages_.find(at / kPageBytes);
    if (page == pages_.end()) {
      all.append(some, '\0');
    } else {
      all.append(page->second, from, some);
    }
    at += some;
  }
  return all;
}

void ModelShard::Apply(const ModelCommand& command) {
  for (const ModelOp& op : command.ops) Change(command.seq, op);
}

void ModelShard::Change(uint64_t seq, const ModelOp& op) {
  switch (op.kind) {
    case ModelOp::Kind::kPut:
    case ModelOp::Kind::kGrid:
      values_[op.name] = {seq, op.expiry_ms, op.content, op.length};
      break;
    case ModelOp::Kind::kRemove:
      values_.erase(op.name);
      regions_.erase(op.name);
      break;
    case ModelOp::Kind::kCreate:
      regions_[op.name] = ModelRegion(seq, op.size);
      break;
    case ModelOp::Kind::kWrite:
      if (op.length == 0) break;
      regions_[op.name].Write(op.offset, Content(op.content, op.length));
      regions_[op.name].meta.version = seq;
      break;
    case ModelOp::Kind::kResize:
      regions_[op.name].Resize(op.size);
      regions_[op.name].meta.version = seq;
      break;
    case ModelOp::Kind::kTick:
      clock_ms_ = std::max(clock_ms_, op.clock_ms);
      break;
  }
}

const ModelValue* ModelShard::FindValue(const ModelName& name) const {
  const auto found = values_.find(name);
  if (found == values_.end()) return nullptr;
  const uint64_t expiry = found->second.expiry_ms;
  return expiry != 0 && expiry <= clock_ms_ ? nullptr : &found->second;
}

const ModelRegion* ModelShard::FindRegion(const ModelName& name) const {
  const auto found = regions_.find(name);
  return found == regions_.end() ? nullptr : &found->second;
}

bool ModelShard::Exists(const ModelName& name) const {
  return name.space == Space::kRegions ? FindRegion(name) != nullptr : FindValue(name) != nullptr;
}

std::vector<std::string> ModelShard::List(uint32_t ns, Space space) const {
  std::vector<std::string> names;
  const auto add = [&](const auto& map) {
    for (auto at = map.lower_bound({ns, space, ""}); at != map.end(); ++at) {
      if (at->first.ns != ns || at->first.space != space) break;
      if (Exists(at->first)) names.push_back(at->first.name);
    }
  };
  space == Space::kRegions ? add(regions_) : add(values_);
  return names;
}

uint64_t ModelShard::NextDeadline() const {
  uint64_t next = ~uint64_t{0};
  for (const auto& [name, value] : values_) {
    if (value.expiry_ms > clock_ms_) next = std::min(next, value.expiry_ms);
  }
  return next;
}

uint64_t ModelShard::bytes() const {
  uint64_t sum = 0;
  for (const auto& [name, value] : values_) sum += value.length;
  for (const auto& [name, region] : regions_) sum += region.pages().size() * kPageBytes;
  return sum;
}

}  // namespace memgrid::storage::testing
