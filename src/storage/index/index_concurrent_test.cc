// Readers on other threads against the owner: what is there all along must always be found.

#include <gtest/gtest.h>

#include <atomic>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "base/strings.h"
#include "storage/index/index.h"
#include "storage/index/testing/records.h"

namespace memgrid::storage {
namespace {

constexpr int kReaders = 2;

RootName Key(const std::string& name) { return {1, Space::kKeys, name}; }

struct Counts {
  uint64_t hits = 0, misses = 0, asked = 0, wrong = 0;
};

// One turn of a reader: some look-ups of names that stay, and of names that were never there.
void Turn(const Index& index, const std::vector<std::string>& kept, std::mt19937_64& random, Counts& counts) {
  for (int i = 0; i < 32; ++i) {
    const std::string& name = kept[random() % kept.size()];
    const Index::Found found = index.Find(Key(name), index.Hash(Key(name)));
    switch (found.certainty) {
      case Index::Certainty::kHit:
        ++counts.hits;
        counts.wrong += found.slot.record().key() != name;
        break;
      case Index::Certainty::kMiss: ++counts.wrong; break;
      case Index::Certainty::kAskOwner: ++counts.asked; break;
    }
  }
  const std::string absent = base::StrCat("absent", random() % 1000);
  const Index::Found found = index.Find(Key(absent), index.Hash(Key(absent)));
  counts.wrong += found.certainty == Index::Certainty::kHit;
  counts.misses += found.certainty == Index::Certainty::kMiss;
}

// Grows to 15,000 names and shrinks again, rewriting what stays now and then.
void Own(Index& index, base::Qsbr& qsbr, const std::vector<std::string>& kept, Records& records, int rounds) {
  std::mt19937_64 random(3);
  for (int round = 0; round < rounds; ++round) {
    for (const bool grow : {true, false}) {
      for (int i = 0; i < 15000; ++i) {
        const std::string name = base::StrCat("passing", i);
        const uint64_t hash = index.Hash(Key(name));
        if (grow) {
          index.Set(Key(name), hash, records.Value(Key(name)));
        } else {
          index.Erase(Key(name), hash);
        }
        const std::string& stays = kept[random() % kept.size()];
        if (i % 4 == 0) index.Set(Key(stays), index.Hash(Key(stays)), records.Value(Key(stays)));
        if (i % 64 != 0) continue;
        index.Maintain();
        qsbr.TurnOver(kReaders);
      }
    }
  }
}

void ReadWhileItChanges(int hash_bits, int rounds) {
  base::Qsbr qsbr(kReaders + 1);
  Index index({5, 6}, qsbr, hash_bits);
  Records records;
  std::vector<std::string> kept;
  for (int i = 0; i < 500; ++i) kept.push_back(base::StrCat("kept", i));
  for (const auto& name : kept) index.Set(Key(name), index.Hash(Key(name)), records.Value(Key(name)));

  qsbr.Back(kReaders);
  std::atomic<bool> done{false};
  std::atomic<int> started{0};
  Counts counts[kReaders];
  std::vector<std::thread> readers;
  for (int i = 0; i < kReaders; ++i) {
    readers.emplace_back([&, i] {
      std::mt19937_64 random(static_cast<uint64_t>(i));
      qsbr.Back(i);
      started.fetch_add(1);
      while (!done.load()) {
        Turn(index, kept, random, counts[i]);
        qsbr.TurnOver(i);
      }
      qsbr.Away(i);
    });
  }
  while (started.load() < kReaders) std::this_thread::yield();
  Own(index, qsbr, kept, records, rounds);
  done = true;
  for (auto& reader : readers) reader.join();
  for (const Counts& count : counts) {
    EXPECT_EQ(count.wrong, 0u);
    EXPECT_GT(count.hits, 0u);
    EXPECT_GT(count.misses, 0u);
    EXPECT_LT(count.asked, count.hits / 100 + 10);
  }
  EXPECT_EQ(index.Check(), "");
  EXPECT_EQ(index.live(), kept.size());
}

TEST(IndexConcurrentTest, WhatStaysIsAlwaysFound) { ReadWhileItChanges(48, 6); }

TEST(IndexConcurrentTest, WhatStaysIsAlwaysFoundAmongCollisions) { ReadWhileItChanges(13, 1); }

}  // namespace
}  // namespace memgrid::storage
