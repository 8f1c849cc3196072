// Who is asking: JSON Web Tokens signed with HS256.
//
// The algorithm is pinned to the key: a token that names another one, "none" included, is refused.
// `exp` and `nbf` are checked against the wall clock, `aud` where the configuration names an
// audience, `sub` must be there.
//
// Threads: Create at start; a Verifier belongs to one loop.

#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"

namespace memgrid::env {
class Disk;
}

namespace memgrid::grid {

// The keys that tokens may be signed with, by `kid`. Shared by all loops; never changes.
struct AuthKeys {
  std::map<std::string, std::string> keys;
  std::string audience;
};

inline constexpr size_t kLeastKeyBytes = 32;
inline constexpr size_t kMostKeyBytes = 4096;
inline constexpr size_t kMostTokenBytes = 8192;
inline constexpr size_t kMostSubjectBytes = 256;

// Reads the key files. INVALID_ARGUMENT that names the file and what is wrong with it.
absl::StatusOr<AuthKeys> ReadAuthKeys(env::Disk& disk, const std::vector<std::string>& files,
                                      std::string_view audience);

class Verifier {
 public:
  // `keys` outlives this.
  explicit Verifier(const AuthKeys& keys) : keys_(keys) {}

  // The subject of the token in `authorization` ("Bearer TOKEN"; the word in any case). A view that
  // is valid until the next call. UNAUTHENTICATED that says what is missing or wrong, never what
  // the token said.
  absl::StatusOr<std::string_view> Verify(std::string_view authorization, int64_t wall_ms);

 private:
  // Tokens that were found good: checking a signature costs 10 µs.
  static constexpr size_t kMostCached = 4096;
  struct Known {
    std::string subject;
    int64_t not_before_s = 0;
    int64_t expires_s = 0;
  };

  absl::StatusOr<Known> Check(const std::string& token) const;

  const AuthKeys& keys_;
  absl::flat_hash_map<std::string, Known> cache_;
  std::string subject_;
};

}  // namespace memgrid::grid
