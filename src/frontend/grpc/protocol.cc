#include "frontend/grpc/protocol.h"

#include <array>
#include <cstdint>

namespace memgrid::frontend::grpc {
namespace {

constexpr char kAlphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

// 64 marks what is not in the alphabet.
constexpr std::array<uint8_t, 256> MakeReverse() {
  std::array<uint8_t, 256> reverse{};
  for (auto& value : reverse) value = 64;
  for (uint8_t i = 0; i < 64; ++i) reverse[static_cast<uint8_t>(kAlphabet[i])] = i;
  return reverse;
}
constexpr std::array<uint8_t, 256> kReverse = MakeReverse();

// Nanoseconds of one unit; 0 for no unit.
int64_t UnitNanos(char unit) {
  switch (unit) {
    case 'H': return 3'600'000'000'000;
    case 'M': return 60'000'000'000;
    case 'S': return 1'000'000'000;
    case 'm': return 1'000'000;
    case 'u': return 1'000;
    case 'n': return 1;
    default: return 0;
  }
}

}  // namespace

std::optional<env::Nanos> ParseTimeout(std::string_view text) {
  if (text.size() < 2 || text.size() > 9) return std::nullopt;
  int64_t value = 0;
  for (char c : text.substr(0, text.size() - 1)) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');
  }
  int64_t unit = UnitNanos(text.back());
  if (unit == 0) return std::nullopt;
  // 10^8 hours do not fit into 63 bits of nanoseconds; a hundred years are as good.
  constexpr int64_t kLongest = int64_t{100} * 365 * 24 * 3600 * 1'000'000'000;
  if (value > kLongest / unit) return env::Nanos(kLongest);
  return env::Nanos(value * unit);
}

bool IsGrpcContentType(std::string_view text) {
  constexpr std::string_view kGrpc = "application/grpc";
  if (!text.starts_with(kGrpc)) return false;
  text.remove_prefix(kGrpc.size());
  if (text.starts_with("+proto")) text.remove_prefix(6);
  return text.empty() || text.front() == ';' || text.front() == ' ';
}

bool ListsEncoding(std::string_view list, std::string_view encoding) {
  while (!list.empty()) {
    size_t comma = list.find(',');
    std::string_view item = list.substr(0, comma);
    while (!item.empty() && item.front() == ' ') item.remove_prefix(1);
    while (!item.empty() && item.back() == ' ') item.remove_suffix(1);
    if (item == encoding) return true;
    if (comma == std::string_view::npos) break;
    list.remove_prefix(comma + 1);
  }
  return false;
}

std::string PercentEncode(std::string_view text) {
  constexpr char kHex[] = "0123456789ABCDEF";
  std::string out;
  out.reserve(text.size());
  for (char c : text) {
    auto byte = static_cast<uint8_t>(c);
    if (byte >= 0x20 && byte <= 0x7e && c != '%') {
      out.push_back(c);
    } else {
      out.push_back('%');
      out.push_back(kHex[byte >> 4]);
      out.push_back(kHex[byte & 15]);
    }
  }
  return out;
}

bool DecodeBinary(std::string_view text, std::string* out) {
  for (int i = 0; i < 2 && text.ends_with('='); ++i) text.remove_suffix(1);
  if (text.size() % 4 == 1) return false;
  uint32_t bits = 0;
  int have = 0;
  for (char c : text) {
    uint8_t six = kReverse[static_cast<uint8_t>(c)];
    if (six == 64) return false;
    bits = (bits << 6) | six;
    have += 6;
    if (have >= 8) {
      have -= 8;
      out->push_back(static_cast<char>(bits >> have));
    }
  }
  return true;
}

std::string EncodeBinary(std::string_view bytes) {
  std::string out;
  out.reserve((bytes.size() * 4 + 2) / 3);
  uint32_t bits = 0;
  int have = 0;
  for (char c : bytes) {
    bits = (bits << 8) | static_cast<uint8_t>(c);
    have += 8;
    while (have >= 6) {
      have -= 6;
      out.push_back(kAlphabet[(bits >> have) & 63]);
    }
  }
  if (have > 0) out.push_back(kAlphabet[(bits << (6 - have)) & 63]);
  return out;
}

}  // namespace memgrid::frontend::grpc
