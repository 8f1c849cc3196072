// Fixed-width integers in byte strings, at any alignment.
//
// Little-endian for formats (what the machines we run on have, so these are plain moves),
// big-endian for keys, whose byte order is then their numeric order.

#pragma once

#include <bit>
#include <concepts>
#include <cstdint>
#include <cstring>

namespace memgrid::base {

static_assert(std::endian::native == std::endian::little, "formats are read and written in place");

// Reads a T from the sizeof(T) bytes at `from`.
template <std::unsigned_integral T>
inline T LoadLe(const char* from) {
  T value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

// Writes sizeof(T) bytes at `to`.
template <std::unsigned_integral T>
inline void StoreLe(char* to, T value) {
  std::memcpy(to, &value, sizeof value);
}

// The same by width: a format names the width of each field, whatever the variable's type is.
inline uint16_t LoadLe16(const char* from) { return LoadLe<uint16_t>(from); }
inline uint32_t LoadLe32(const char* from) { return LoadLe<uint32_t>(from); }
inline uint64_t LoadLe64(const char* from) { return LoadLe<uint64_t>(from); }
inline void StoreLe16(char* to, uint16_t value) { StoreLe(to, value); }
inline void StoreLe32(char* to, uint32_t value) { StoreLe(to, value); }
inline void StoreLe64(char* to, uint64_t value) { StoreLe(to, value); }

// Big-endian, most significant byte first, so that memcmp orders keys as their numbers do.
// Any alignment, as above.
inline uint32_t LoadBe32(const char* from) { return __builtin_bswap32(LoadLe32(from)); }
inline uint64_t LoadBe64(const char* from) { return __builtin_bswap64(LoadLe64(from)); }
inline void StoreBe32(char* to, uint32_t value) { StoreLe32(to, __builtin_bswap32(value)); }
inline void StoreBe64(char* to, uint64_t value) { StoreLe64(to, __builtin_bswap64(value)); }

}  // namespace memgrid::base
