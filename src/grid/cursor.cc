#include "grid/cursor.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/check.h"
#include "base/endian.h"
#include "base/status.h"

namespace memgrid::grid {
namespace {

constexpr size_t kSealBytes = 16;  // of HMAC-SHA-256
constexpr size_t kMostNameBytes = 1024;

std::string Seal(std::string_view secret, const ListScope& scope, std::string_view last) {
  std::string text(9, '\0');
  base::StoreLe32(text.data(), scope.ns);
  text[4] = static_cast<char>(scope.space);
  base::StoreLe32(text.data() + 5, static_cast<uint32_t>(scope.prefix.size()));
  text += scope.prefix;
  text += last;
  unsigned char seal[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  const void* made =
      HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
           reinterpret_cast<const unsigned char*>(text.data()), text.size(), seal, &size);
  MEMGRID_CHECK(made != nullptr && size >= kSealBytes, "no HMAC");
  return {reinterpret_cast<const char*>(seal), kSealBytes};
}

}  // namespace

std::string MakeCursor(std::string_view secret, const ListScope& scope, std::string_view last) {
  std::string cursor = Seal(secret, scope, last);
  cursor += last;
  return cursor;
}

absl::StatusOr<std::string_view> OpenCursor(std::string_view secret, const ListScope& scope,
                                            std::string_view cursor) {
  if (cursor.size() >= kSealBytes && cursor.size() <= kSealBytes + kMostNameBytes) {
    const std::string_view last = cursor.substr(kSealBytes);
    const std::string seal = Seal(secret, scope, last);
    if (CRYPTO_memcmp(seal.data(), cursor.data(), kSealBytes) == 0) return last;
  }
  return base::InvalidArgument(
      "cursor is not the next_cursor of a page of this namespace and prefix");
}

}  // namespace memgrid::grid
