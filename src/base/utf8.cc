#include "base/utf8.h"

#include <cstddef>
#include <cstdint>

#include "base/endian.h"

namespace memgrid::base {
namespace {

// Length of the well-formed sequence at the start of [at, at + left), whose first byte is not
// ASCII, or 0. What is allowed for the second byte depends on the first: that is how overlong
// forms, surrogates and numbers past the end are kept out.
size_t SequenceLength(const unsigned char* at, size_t left) {
  const unsigned char first = at[0];
  unsigned char low = 0x80, high = 0xbf;
  size_t length;
  if (first >= 0xc2 && first <= 0xdf) {
    length = 2;
  } else if (first >= 0xe0 && first <= 0xef) {
    length = 3;
    if (first == 0xe0) low = 0xa0;
    if (first == 0xed) high = 0x9f;
  } else if (first >= 0xf0 && first <= 0xf4) {
    length = 4;
    if (first == 0xf0) low = 0x90;
    if (first == 0xf4) high = 0x8f;
  } else {
    return 0;
  }
  if (left < length || at[1] < low || at[1] > high) return 0;
  for (size_t i = 2; i < length; ++i) {
    if ((at[i] & 0xc0) != 0x80) return 0;
  }
  return length;
}

// True if all eight bytes are ASCII and none is NUL.
bool EightPlainBytes(const char* at) {
  constexpr uint64_t kOnes = 0x0101010101010101u, kTops = 0x8080808080808080u;
  const uint64_t word = LoadLe64(at);
  // With no top bit set in the word, a borrow out of a byte means that the byte was zero.
  return ((word | (word - kOnes)) & kTops) == 0;
}

}  // namespace

bool IsUtf8WithoutNul(std::string_view text) {
  const char* at = text.data();
  size_t left = text.size();
  while (left > 0) {
    if (left >= 8 && EightPlainBytes(at)) {
      at += 8;
      left -= 8;
      continue;
    }
    const auto byte = static_cast<unsigned char>(*at);
    if (byte == 0) return false;
    const size_t length =
        byte < 0x80 ? 1 : SequenceLength(reinterpret_cast<const unsigned char*>(at), left);
    if (length == 0) return false;
    at += length;
    left -= length;
  }
  return true;
}

}  // namespace memgrid::base
