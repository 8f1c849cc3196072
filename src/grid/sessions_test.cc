#include "grid/sessions.h"

#include <algorithm>
#include <random>
#include <vector>

#include "gtest/gtest.h"

namespace memgrid::grid {
namespace {

ClientId Client(uint64_t number) { return {.low = number, .high = ~number}; }

TEST(SessionsTest, RecordsComeBackAsTheyWere) {
  const Session session{
      .sequence = 1u << 30,
      .used_ms = 1'700'000'000'123,
      .kind = CommandKind::kCompareAndSwap,
      .result = {.reason = Reason::kOk, .swapped = true, .version = 77, .number = ~uint64_t{0}}};
  char name[kSessionNameBytes], body[kSessionBodyBytes];
  EncodeSessionName(Client(5), name);
  EncodeSession(session, body);
  ClientId client;
  Session read;
  ASSERT_TRUE(DecodeSession({name, sizeof name}, {body, sizeof body}, &client, &read));
  EXPECT_EQ(client, Client(5));
  EXPECT_EQ(read.sequence, session.sequence);
  EXPECT_EQ(read.used_ms, session.used_ms);
  EXPECT_EQ(read.kind, session.kind);
  EXPECT_EQ(read.result, session.result);
  EXPECT_FALSE(DecodeSession({name, sizeof name - 1}, {body, sizeof body}, &client, &read));
  EXPECT_FALSE(DecodeSession({name, sizeof name}, {body, sizeof body - 1}, &client, &read));
  body[16] = 0;  // no such kind
  EXPECT_FALSE(DecodeSession({name, sizeof name}, {body, sizeof body}, &client, &read));
}

// Against a list in the order of use.
TEST(SessionsTest, TheOldestIsTheOneUsedLongestAgo) {
  std::mt19937 random(1);
  Sessions sessions(20);
  std::vector<uint64_t> order;
  for (int step = 0; step < 20'000; ++step) {
    const uint64_t number = random() % 40;
    const auto at = std::find(order.begin(), order.end(), number);
    EXPECT_EQ(sessions.Find(Client(number)) != nullptr, at != order.end());
    if (random() % 4 == 0) {
      sessions.Forget(Client(number));
      if (at != order.end()) order.erase(at);
    } else {
      if (at != order.end()) {
        order.erase(at);
      } else if (sessions.Full()) {
        sessions.Forget(Client(order.front()));
        order.erase(order.begin());
      }
      order.push_back(number);
      sessions.Set(Client(number), {.sequence = static_cast<uint64_t>(step)});
      EXPECT_EQ(sessions.Find(Client(number))->sequence, static_cast<uint64_t>(step));
    }
    ASSERT_EQ(sessions.size(), order.size());
    ClientId oldest;
    Session session;
    ASSERT_EQ(sessions.Oldest(&oldest, &session), !order.empty());
    if (!order.empty()) {
      ASSERT_EQ(oldest, Client(order.front()));
    }
  }
}

}  // namespace
}  // namespace memgrid::grid
