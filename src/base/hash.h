// Hashing of names under a secret key.
//
// This header pulls in all of xxHash so that short names hash without a call: include it in .cc
// files and in headers with few users.

#pragma once

#ifndef XXH_INLINE_ALL
#define XXH_INLINE_ALL
#endif
#include <xxhash.h>

#include <cstdint>
#include <span>
#include <string_view>

namespace memgrid::base {

// A 16-byte seed made ready for use (192 bytes): without the seed nobody can aim many names at one
// bucket. Cheap to share between threads, dear (0.3 µs) to make.
class HashKey {
 public:
  explicit HashKey(std::span<const char, 16> seed) {
    XXH3_generateSecret(secret_, sizeof secret_, seed.data(), seed.size());
  }

  // 64 bits, all equally good. The same seed and bytes always give the same value, in every
  // version of memgrid and on every machine. About 3 ns for names of up to 16 bytes.
  uint64_t Hash(std::string_view bytes) const {
    return XXH3_64bits_withSecret(bytes.data(), bytes.size(), secret_, sizeof secret_);
  }

 private:
  alignas(64) unsigned char secret_[XXH3_SECRET_DEFAULT_SIZE];
};

}  // namespace memgrid::base
