// Random histories of one region against a map of pages: content, meta and accounting after writes,
// resizes, defrag moves and folds, dropped holes and recoveries from whatever is left of the log.

#include <algorithm>
#include <cstdlib>
#include <map>
#include <random>
#include <string>

#include "gtest/gtest.h"
#include "storage/region/region.h"
#include "storage/testing/part_arena.h"

namespace memgrid::storage {
namespace {

constexpr uint64_t kId = 7;
constexpr uint64_t kFar = uint64_t{1} << 41;

// What a region is, said plainly.
class Model {
 public:
  void Write(uint64_t offset, std::string_view data) {
    for (size_t i = 0; i < data.size();) {
      std::string& page = pages_[(offset + i) / kPageBytes];
      page.resize(kPageBytes, '\0');
      const size_t from = (offset + i) % kPageBytes;
      const size_t some = std::min(data.size() - i, kPageBytes - from);
      page.replace(from, some, data.substr(i, some));
      i += some;
    }
    size = std::max(size, offset + data.size());
    data_length = std::max(data_length, offset + data.size());
  }
  void Resize(uint64_t to) {
    pages_.erase(pages_.lower_bound((to + kPageBytes - 1) / kPageBytes), pages_.end());
    const auto last = pages_.find(to / kPageBytes);
    if (last != pages_.end()) {
      std::fill(last->second.begin() + to % kPageBytes, last->second.end(), '\0');
    }
    size = to;
    data_length = std::min(data_length, to);
  }
  std::string Read(uint64_t offset, uint64_t length) const {
    std::string all;
    for (uint64_t at = offset; at < offset + length;) {
      const size_t from = at % kPageBytes;
      const size_t some = std::min(offset + length - at, kPageBytes - from);
      const auto page = pages_.find(at / kPageBytes);
      all.append(page == pages_.end() ? std::string(some, '\0') : page->second.substr(from, some));
      at += some;
    }
    return all;
  }
  const std::map<uint64_t, std::string>& pages() const { return pages_; }

  uint64_t size = 0, data_length = 0;

 private:
  std::map<uint64_t, std::string> pages_;
};

class History : public DeathSink {
 public:
  explicit History(uint64_t seed) : random_(seed) { Reopen(); }

  void OnDeath(const char* record, size_t bytes, uint64_t) override {
    ASSERT_GE(log_.at(record), bytes);
    log_.at(record) -= bytes;
  }

  void Step() {
    const uint64_t kind = Below(100);
    if (kind < 55) {
      Write();
    } else if (kind < 63) {
      Resize();
    } else if (kind < 75) {
      Read(Offset(), Below(3 * kPageBytes));
    } else if (kind < 87) {
      Move();
    } else if (kind < 94) {
      Fold();
    } else if (kind < 96) {
      Forget();
    } else if (kind < 98) {
      DropHole();
    } else if (kind == 98) {
      Recover();
    } else {
      region_->Sweep(Below(200));
    }
    memory_.Collect();
  }

  // All content, the meta and the live bytes of every record.
  void CheckAll() {
    for (const auto& [page, bytes] : model_.pages()) {
      const uint64_t from = page * kPageBytes;
      if (from < model_.size) Read(from, std::min(kPageBytes, model_.size - from));
    }
    const RegionMeta meta = region_->Describe();
    EXPECT_EQ(meta.size, model_.size);
    EXPECT_EQ(meta.data_length, model_.data_length);
    EXPECT_EQ(meta.version, version_);
    while (!region_->Sweep(1000)) {
    }
    for (const auto& [record, live] : log_) {
      ASSERT_EQ(region_->LiveBytes(RecordView(record)), live) << "seq " << RecordView(record).seq();
    }
  }

  void Free() {
    region_->Free(++seq_);
    while (!region_->Sweep(100)) {
    }
    for (const auto& [record, live] : log_) EXPECT_EQ(live, 0u);
  }

 private:
  uint64_t Below(uint64_t limit) { return random_() % limit; }

  // Mostly in two leaves, sometimes far away: the table then has several levels.
  uint64_t Offset() {
    const uint64_t kind = Below(20);
    if (kind == 0) return kMaxRegionBytes - 1 - Below(3 * kPageBytes);
    if (kind == 1) return kFar + Below(4 * kPageBytes);
    if (kind < 5) return kLeafPages * kPageBytes - kPageBytes + Below(2 * kPageBytes);
    return Below(8 * kPageBytes);
  }

  uint64_t Length() {
    const uint64_t kind = Below(10);
    if (kind < 6) return 1 + Below(150);
    if (kind < 9) return 1 + Below(2 * kPageBytes);
    return 1 + Below(40 * kPageBytes);
  }

  void Carry(const RegionChange& change) {
    std::vector<const char*> addresses;
    for (const PartRecord& part : change.records) {
      addresses.push_back(arena_.Append(part, seq_));
      log_[addresses.back()] = RecordView(addresses.back()).length();
    }
    region_->Publish(change, addresses, seq_);
    if (change.records.empty() && !change.meta_record) return;
    version_ = seq_;
    if (!change.meta_record) return;
    meta_ = change.after;
    meta_.version = seq_;
  }

  void Write() {
    const uint64_t offset = Offset();
    const std::string data(std::min(Length(), kMaxRegionBytes - offset),
                           static_cast<char>('a' + Below(26)));
    const size_t max_record = Below(2) ? 128u << 10 : 8192;
    const RegionChange change = region_->PlanWrite(offset, data, max_record);
    size_t records;
    uint64_t bytes, planned = 0;
    Region::Bound(offset, data.size(), max_record, &records, &bytes);
    for (const PartRecord& part : change.records) {
      EXPECT_LE(part.length(), max_record);
      planned += part.length();
    }
    EXPECT_LE(change.records.size(), records);
    EXPECT_LE(planned, bytes);
    ++seq_;
    Carry(change);
    model_.Write(offset, data);
  }

  void Resize() {
    const uint64_t to = Below(4) ? Offset() : std::min(model_.size, Offset());
    const RegionChange change = region_->PlanResize(to);
    EXPECT_LE(change.records.size(), Region::kMaxResizeRecords);
    ++seq_;
    Carry(change);
    model_.Resize(to);
  }

  void Read(uint64_t offset, uint64_t length) {
    base::Payload out;
    RegionMeta meta;
    const Region::Outcome outcome = region_->Read(offset, length, out, meta);
    EXPECT_EQ(meta.version, version_);
    if (offset > model_.size || length > model_.size - offset) {
      EXPECT_EQ(outcome, Region::Outcome::kOutOfRange);
      return;
    }
    ASSERT_EQ(outcome, Region::Outcome::kOk);
    std::string all;
    for (std::string_view slice : out.slices) all.append(slice);
    ASSERT_EQ(all, model_.Read(offset, length)) << "at " << offset;
  }

  RecordView AnyRecord() {
    return RecordView(std::next(log_.begin(), Below(log_.size()))->first);
  }

  void Move() {
    if (log_.empty()) return;
    const RecordView victim = AnyRecord();
    while (!region_->Sweep(1000)) {
    }
    region_->LiveParts(victim, [&](uint64_t offset, std::string_view bytes) {
      const char* const copy = arena_.AppendRun(victim, offset, bytes);
      log_[copy] = RecordView(copy).length();
      region_->Move(victim, copy);
    });
    EXPECT_EQ(log_.at(victim.address()), 0u);
  }

  void Fold() {
    RegionChange change;
    uint64_t seq = 0;
    const uint64_t recorded = seq_ - Below(3);
    const uint64_t page = Offset() / kPageBytes * kPageBytes;
    if (!region_->PlanFold(page, recorded, &change, &seq)) return;
    EXPECT_LE(seq, recorded);
    const char* const at = arena_.Append(change.records[0], seq);
    log_[at] = RecordView(at).length();
    region_->PublishFold(change, at, seq);
  }

  // Wblocks in which nothing is live are used again: some of the dead can no longer be parsed.
  void Forget() {
    const uint64_t odds = 1 + Below(3);
    for (auto at = log_.begin(); at != log_.end();) {
      at = at->second == 0 && Below(odds) == 0 ? log_.erase(at) : std::next(at);
    }
  }

  void DropHole() {
    for (const auto& [hole, hole_live] : log_) {
      const RecordView view(hole);
      if (view.kind() != Kind::kHole || hole_live == 0) continue;
      const bool needed = std::any_of(log_.begin(), log_.end(), [&](const auto& other) {
        const RecordView old(other.first);
        return old.seq() < view.seq() && other.second < old.length();
      });
      if (needed) continue;
      region_->DropHole(view);
      EXPECT_EQ(hole_live, 0u);
      return;
    }
  }

  void Recover() {
    CheckAll();
    Reopen();
    std::vector<RecordView> parts;
    for (const auto& [record, live] : log_) parts.emplace_back(record);
    const auto rank = [](RecordView part) {
      const int kind = part.kind() == Kind::kHole ? 2 : part.flags() & kPatch ? 1 : 0;
      return std::pair(part.seq(), kind);
    };
    std::sort(parts.begin(), parts.end(), [&](RecordView a, RecordView b) {
      return rank(a) < rank(b);
    });
    for (const RecordView part : parts) region_->Load(part);
    for (auto& [record, live] : log_) live = region_->LiveBytes(RecordView(record));
    CheckAll();
  }

  void Reopen() { region_ = std::make_unique<Region>(meta_, memory_, *this); }

  std::mt19937_64 random_;
  base::Qsbr qsbr_{1};
  TableMemory memory_{qsbr_};
  testing::PartArena arena_{kId};
  Model model_;
  RegionMeta meta_{.id = kId, .version = kId};  // the newest meta record
  uint64_t seq_ = kId;
  uint64_t version_ = kId;
  std::map<const char*, size_t> log_;  // records that can be parsed, with their live bytes
  std::unique_ptr<Region> region_;
};

TEST(RegionProperty, AnyHistoryReadsLikeTheModel) {
  const char* const seeds = std::getenv("MEMGRID_REGION_SEEDS");
  const uint64_t count = seeds == nullptr ? 30 : std::strtoull(seeds, nullptr, 10);
  for (uint64_t seed = 1; seed <= count; ++seed) {
    SCOPED_TRACE(::testing::Message() << "seed " << seed);
    History history(seed);
    for (int i = 0; i < 1000 && !::testing::Test::HasFailure(); ++i) history.Step();
    history.CheckAll();
    history.Free();
    ASSERT_FALSE(::testing::Test::HasFailure());
  }
}

}  // namespace
}  // namespace memgrid::storage
