#include "grid/commands/command.h"

#include <random>
#include <string>

#include "grid/result.h"
#include "gtest/gtest.h"

namespace memgrid::grid {
namespace {

std::string Encode(const Command& command) {
  std::string head(EncodedSize(command), '\0');
  EncodeCommand(command, head.data());
  return head;
}

// Bytes that are in logs must be read for ever.
TEST(CommandTest, TheFormatStays) {
  const Command put{.kind = CommandKind::kPut,
                    .flags = kSession,
                    .ns = 7,
                    .first = 1000,
                    .client = {.low = 1, .high = 2},
                    .sequence = 3,
                    .name = "key",
                    .operand = "op"};
  const std::string expected(
      "\x01\x04\x01\0\x07\0\0\0\xe8\x03\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x03\0\0\0\x02\0\0\0"
      "\x01\0\0\0\0\0\0\0\x02\0\0\0\0\0\0\0\x03\0\0\0\0\0\0\0keyop",
      61);
  EXPECT_EQ(Encode(put), expected);
}

TEST(CommandTest, CommandsComeBackAsTheyWere) {
  std::mt19937_64 random(1);
  for (int round = 0; round < 10'000; ++round) {
    const std::string name(random() % 1025, 'n'), operand(random() % 300, 'o'),
        payload(random() % 100, 'p');
    Command command{.kind = static_cast<CommandKind>(kFirstCommand + random() % kLastCommand),
                    .flags = static_cast<uint8_t>(random() % 16),
                    .ns = static_cast<uint32_t>(random()),
                    .first = random(),
                    .second = random(),
                    .name = name,
                    .operand = operand,
                    .payload = payload};
    if (command.has_session()) {
      command.client = {.low = random(), .high = random()};
      command.sequence = random();
    }
    const std::string head = Encode(command);
    Command read;
    ASSERT_TRUE(DecodeCommand(head, payload, &read).ok());
    EXPECT_EQ(read.kind, command.kind);
    EXPECT_EQ(read.flags, command.flags);
    EXPECT_EQ(read.ns, command.ns);
    EXPECT_EQ(read.first, command.first);
    EXPECT_EQ(read.second, command.second);
    EXPECT_EQ(read.client, command.client);
    EXPECT_EQ(read.sequence, command.sequence);
    EXPECT_EQ(read.name, name);
    EXPECT_EQ(read.operand, operand);
    EXPECT_EQ(read.payload, payload);
    // What was cut or has bytes too many is no command.
    const size_t cut = random() % head.size();
    EXPECT_FALSE(DecodeCommand(std::string_view(head).substr(0, cut), payload, &read).ok());
    EXPECT_FALSE(DecodeCommand(head + "x", payload, &read).ok());
  }
}

TEST(CommandTest, WhatIsNotUnderstoodIsRefused) {
  const std::string good = Encode({.kind = CommandKind::kRemove, .name = "k"});
  Command read;
  const auto refused = [&](size_t at, char byte) {
    std::string bad = good;
    bad[at] = byte;
    return DecodeCommand(bad, "", &read).code() == absl::StatusCode::kDataLoss;
  };
  EXPECT_TRUE(refused(0, 2));  // a later version
  EXPECT_TRUE(refused(1, 0));  // kinds
  EXPECT_TRUE(refused(1, 12));
  EXPECT_TRUE(refused(2, 0x40));  // flags
  EXPECT_TRUE(refused(3, 1));     // spare bytes
  EXPECT_TRUE(refused(26, 1));
  EXPECT_TRUE(refused(24, 9));  // lengths
  EXPECT_TRUE(refused(31, '\xff'));
}

TEST(ResultTest, ResultsComeBackAsTheyWere) {
  const Result result{
      .reason = Reason::kPastSize, .swapped = true, .version = 5, .number = ~uint64_t{0}};
  char bytes[kResultBytes];
  EncodeResult(result, bytes);
  Result read;
  ASSERT_TRUE(DecodeResult({bytes, sizeof bytes}, &read));
  EXPECT_EQ(read, result);
  bytes[0] = 99;
  EXPECT_FALSE(DecodeResult({bytes, sizeof bytes}, &read));
  EXPECT_FALSE(DecodeResult({bytes, sizeof bytes - 1}, &read));
}

}  // namespace
}  // namespace memgrid::grid
