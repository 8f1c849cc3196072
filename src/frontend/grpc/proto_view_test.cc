// The hand-written views against the generated classes.

#include "frontend/grpc/proto_view.h"

#include <random>
#include <string>

#include "google/protobuf/stubs/logging.h"
#include "gtest/gtest.h"
#include "memgrid/v1/key_value.pb.h"
#include "memgrid/v1/memory.pb.h"

namespace memgrid::frontend::grpc {
namespace {

class Dice {
 public:
  explicit Dice(unsigned seed) : random_(seed) {}
  size_t Below(size_t end) { return random_() % end; }
  bool Coin() { return random_() % 2 == 0; }
  uint64_t Number() { return Coin() ? random_() % 300 : random_() >> (random_() % 64); }
  std::string Text() {
    return std::string(Below(Coin() ? 10 : 300), static_cast<char>('a' + Below(26)));
  }

 private:
  std::mt19937_64 random_;
};

// A field that the message does not have, of any wire type, groups included.
std::string UnknownField(Dice& dice) {
  std::string field;
  switch (dice.Below(5)) {
    case 0:
      field = "\xf8\x01\x96\x01";  // 31: 150
      break;
    case 1:
      field = std::string("\xf9\x01", 2) + std::string(8, 'x');
      break;
    case 2:
      field = "\xfa\x01\x03xyz";
      break;
    case 3:
      field = "\xfb\x01\x08\x05\x13\x14\xfc\x01";  // a group with a field and an empty group in it
      break;
    default:
      field = std::string("\xfd\x01", 2) + std::string(4, 'x');
  }
  return field;
}

// Fields twice, unknown ones between: the last one wins.
template <typename Generated>
std::string Mixed(Dice& dice, const Generated& other, const Generated& message) {
  std::string bytes = dice.Coin() ? other.SerializeAsString() : std::string();
  if (dice.Coin()) bytes += UnknownField(dice);
  bytes += message.SerializeAsString();
  if (dice.Coin()) bytes += UnknownField(dice);
  return bytes;
}

v1::PutKeyRequest RandomPut(Dice& dice) {
  v1::PutKeyRequest request;
  if (dice.Coin()) request.set_key(dice.Text());
  if (dice.Coin()) request.set_namespace_(dice.Text());
  if (dice.Coin()) request.set_value(dice.Text());
  if (dice.Coin()) request.set_ttl_ms(dice.Number());
  if (dice.Coin()) request.set_client_id(dice.Text());
  if (dice.Coin()) request.set_sequence(dice.Number());
  return request;
}

TEST(ProtoViewTest, PutIsWhatTheGeneratedClassReads) {
  Dice dice(1);
  for (int round = 0; round < 20'000; ++round) {
    const std::string bytes = Mixed(dice, RandomPut(dice), RandomPut(dice));
    v1::PutKeyRequest expected;
    ASSERT_TRUE(expected.ParseFromString(bytes));
    grid::PutKey request;
    ASSERT_TRUE(Decode(bytes, &request).ok());
    EXPECT_EQ(request.key, expected.key());
    EXPECT_EQ(request.ns, expected.namespace_());
    EXPECT_EQ(request.value, expected.value());
    EXPECT_EQ(request.ttl_ms.has_value(), expected.has_ttl_ms());
    EXPECT_EQ(request.ttl_ms.value_or(0), expected.ttl_ms());
    EXPECT_EQ(request.id.client_id, expected.client_id());
    EXPECT_EQ(request.id.sequence, expected.sequence());
  }
}

v1::CompareAndSwapRequest RandomSwap(Dice& dice) {
  v1::CompareAndSwapRequest request;
  if (dice.Coin()) request.set_key(dice.Text());
  if (dice.Coin()) request.set_namespace_(dice.Text());
  if (dice.Coin()) request.set_expected(dice.Text());
  if (dice.Coin()) request.set_newvalue(dice.Text());
  if (dice.Coin()) request.set_expect_absent(true);
  if (dice.Coin()) request.set_expected_version(dice.Number());
  if (dice.Coin()) request.set_ttl_ms(dice.Number());
  return request;
}

TEST(ProtoViewTest, CompareAndSwapIsWhatTheGeneratedClassReads) {
  Dice dice(2);
  for (int round = 0; round < 20'000; ++round) {
    const std::string bytes = Mixed(dice, RandomSwap(dice), RandomSwap(dice));
    v1::CompareAndSwapRequest expected;
    ASSERT_TRUE(expected.ParseFromString(bytes));
    grid::CompareAndSwap request;
    ASSERT_TRUE(Decode(bytes, &request).ok());
    EXPECT_EQ(request.key, expected.key());
    EXPECT_EQ(request.ns, expected.namespace_());
    EXPECT_EQ(request.expected, expected.expected());
    EXPECT_EQ(request.new_value, expected.newvalue());
    EXPECT_EQ(request.expect_absent, expected.expect_absent());
    EXPECT_EQ(request.expected_version.has_value(), expected.has_expected_version());
    EXPECT_EQ(request.expected_version.value_or(0), expected.expected_version());
    EXPECT_EQ(request.ttl_ms.value_or(0), expected.ttl_ms());
  }
}

TEST(ProtoViewTest, ReadsCarryFreshnessAndTimeout) {
  v1::ReadMemoryRequest from;
  from.set_key("k");
  from.set_namespace_("n");
  from.set_offset(~uint64_t{0});
  from.set_length(7);
  from.set_timeout_ms(9);
  from.set_consistency(v1::AT_LEAST_VERSION);
  from.set_min_version(11);
  const std::string bytes = from.SerializeAsString();
  grid::ReadMemory request;
  uint64_t timeout_ms = 0;
  ASSERT_TRUE(Decode(bytes, &request, &timeout_ms).ok());
  EXPECT_EQ(request.key, "k");
  EXPECT_EQ(request.ns, "n");
  EXPECT_EQ(request.offset, ~uint64_t{0});
  EXPECT_EQ(request.length, 7u);
  EXPECT_EQ(timeout_ms, 9u);
  EXPECT_EQ(request.freshness.consistency, grid::Consistency::kAtLeastVersion);
  EXPECT_EQ(request.freshness.min_version, 11u);
  from.set_consistency(static_cast<v1::Consistency>(3));
  const std::string unknown = from.SerializeAsString();
  EXPECT_EQ(Decode(unknown, &request, &timeout_ms).code(), absl::StatusCode::kInvalidArgument);
}

TEST(ProtoViewTest, EveryRegionRequestIsRead) {
  v1::CompareAndSwapMemoryRequest swap;
  swap.set_key("k");
  swap.set_namespace_("n");
  swap.set_offset(5);
  swap.set_expected("old");
  swap.set_new_value("new");
  swap.set_timeout_ms(6);
  swap.set_client_id("c");
  swap.set_sequence(7);
  const std::string swap_bytes = swap.SerializeAsString();
  grid::CompareAndSwapMemory swapped;
  uint64_t timeout_ms = 0;
  ASSERT_TRUE(Decode(swap_bytes, &swapped, &timeout_ms).ok());
  EXPECT_EQ(swapped.offset, 5u);
  EXPECT_EQ(swapped.expected, "old");
  EXPECT_EQ(swapped.new_value, "new");
  EXPECT_EQ(timeout_ms, 6u);
  EXPECT_EQ(swapped.id.sequence, 7u);

  v1::ResizeMemoryRequest resize;
  resize.set_new_size(1u << 30);
  resize.set_timeout_ms(3);
  const std::string resize_bytes = resize.SerializeAsString();
  grid::ResizeMemory resized;
  ASSERT_TRUE(Decode(resize_bytes, &resized, &timeout_ms).ok());
  EXPECT_EQ(resized.new_size, 1u << 30);
  EXPECT_EQ(timeout_ms, 3u);

  v1::StreamWriteMemoryRequest stream;
  stream.set_data("data");
  const std::string without = stream.SerializeAsString();
  StreamWritePart part;
  ASSERT_TRUE(Decode(without, &part).ok());
  EXPECT_FALSE(part.offset.has_value());
  stream.set_offset(0);
  const std::string with = stream.SerializeAsString();
  ASSERT_TRUE(Decode(with, &part).ok());
  EXPECT_EQ(part.offset, 0u);
  EXPECT_EQ(part.data, "data");
}

// Random bytes, and messages with one byte changed or the end cut: the generated class and the view
// agree on what can be read at all.
TEST(ProtoViewTest, BrokenMessagesAreRefusedWhereTheGeneratedClassRefuses) {
  google::protobuf::SetLogHandler(nullptr);  // it would tell of every name that is no UTF-8
  Dice dice(3);
  for (int round = 0; round < 50'000; ++round) {
    v1::PutKeyRequest ascii = RandomPut(dice);
    std::string bytes = ascii.SerializeAsString();
    if (bytes.empty()) continue;
    if (dice.Coin()) {
      bytes.resize(dice.Below(bytes.size()));
    } else {
      bytes[dice.Below(bytes.size())] = static_cast<char>(dice.Below(256));
    }
    v1::PutKeyRequest expected;
    const bool readable = expected.ParsePartialFromString(bytes);
    grid::PutKey request;
    const absl::Status status = Decode(bytes, &request);
    // The generated class refuses names that are no UTF-8; the grid does that.
    if (readable) {
      ASSERT_TRUE(status.ok()) << round << " " << testing::PrintToString(bytes);
      EXPECT_EQ(request.value, expected.value());
    } else if (status.ok()) {
      const auto is_ascii = [](std::string_view text) {
        for (const char c : text) {
          if (static_cast<unsigned char>(c) >= 0x80) return false;
        }
        return true;
      };
      ASSERT_FALSE(is_ascii(request.key) && is_ascii(request.ns) && is_ascii(request.id.client_id))
          << round;
    } else {
      EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
    }
  }
}

TEST(ProtoViewTest, AnswersAreWhatTheGeneratedClassWrites) {
  Dice dice(4);
  for (int round = 0; round < 5'000; ++round) {
    v1::GetKeyResponse response;
    response.set_key(dice.Text());
    response.set_namespace_(dice.Text());
    response.set_value(dice.Text());
    response.mutable_status();
    response.set_version(dice.Number());
    std::string bytes;
    PutBytes(&bytes, 1, response.key());
    PutBytes(&bytes, 2, response.namespace_());
    PutBytes(&bytes, 3, response.value());
    PutSuccess(&bytes, 4);
    PutNumber(&bytes, 16, response.version());
    EXPECT_EQ(bytes, response.SerializeAsString());
  }
}

}  // namespace
}  // namespace memgrid::frontend::grpc
