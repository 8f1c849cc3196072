#include "grid/auth.h"

#include <jwt.h>

#include <cctype>
#include <cstdlib>
#include <limits>
#include <memory>
#include <optional>
#include <utility>

#include "base/status.h"
#include "env/disk.h"

namespace memgrid::grid {
namespace {

struct FreeJwt {
  void operator()(jwt_t* jwt) const { jwt_free(jwt); }
};
using Jwt = std::unique_ptr<jwt_t, FreeJwt>;

// Without a key nothing but the form is checked.
Jwt Parse(const std::string& token, std::string_view key) {
  jwt_t* jwt = nullptr;
  const auto* bytes = key.empty() ? nullptr : reinterpret_cast<const unsigned char*>(key.data());
  if (jwt_decode(&jwt, token.c_str(), bytes, static_cast<int>(key.size())) != 0) return nullptr;
  return Jwt(jwt);
}

// A claim as JSON; empty: absent.
std::string Claim(const Jwt& jwt, const char* name) {
  char* const json = jwt_get_grants_json(jwt.get(), name);
  std::string text = json == nullptr ? "" : json;
  std::free(json);
  return text;
}

// Seconds since 1970, perhaps with a fraction. False: the claim is there and no number.
bool Seconds(const Jwt& jwt, const char* name, int64_t absent, int64_t* seconds) {
  *seconds = absent;
  const std::string text = Claim(jwt, name);
  if (text.empty()) return true;
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  if (end == text.c_str() || *end != '\0' || !(value >= 0 && value < 1e15)) return false;
  *seconds = static_cast<int64_t>(value);
  return true;
}

// `aud` is a string or an array of strings (RFC 7519, 4.1.3). Quotes inside of strings are escaped
// in JSON, so a quoted word between brackets or commas is a whole element.
bool IsFor(const Jwt& jwt, const std::string& audience) {
  const char* const single = jwt_get_grant(jwt.get(), "aud");
  if (single != nullptr) return audience == single;
  const std::string list = Claim(jwt, "aud");
  const std::string word = base::StrCat("\"", audience, "\"");
  for (size_t at = list.find(word); at != std::string::npos; at = list.find(word, at + 1)) {
    const char before = at == 0 ? '\0' : list[at - 1];
    const char after = at + word.size() < list.size() ? list[at + word.size()] : '\0';
    if ((before == '[' || before == ',') && (after == ']' || after == ',')) return true;
  }
  return false;
}

std::string StemOf(std::string_view path) {
  const size_t slash = path.rfind('/');
  if (slash != std::string_view::npos) path.remove_prefix(slash + 1);
  return std::string(path.substr(0, path.rfind('.')));
}

std::optional<std::string> TokenOf(std::string_view authorization) {
  constexpr std::string_view kScheme = "bearer ";
  if (authorization.size() <= kScheme.size()) return std::nullopt;
  for (size_t i = 0; i < kScheme.size(); ++i) {
    if (std::tolower(static_cast<unsigned char>(authorization[i])) != kScheme[i]) {
      return std::nullopt;
    }
  }
  authorization.remove_prefix(kScheme.size());
  while (authorization.starts_with(' ')) authorization.remove_prefix(1);
  return std::string(authorization);
}

absl::Status BadToken() {
  return base::Unauthenticated("the token is not signed with a key of this server (HS256)");
}

}  // namespace

absl::StatusOr<AuthKeys> ReadAuthKeys(env::Disk& disk, const std::vector<std::string>& files,
                                      std::string_view audience) {
  AuthKeys read;
  read.audience = audience;
  for (const std::string& file : files) {
    absl::StatusOr<std::string> key = disk.ReadWhole(file, kMostKeyBytes);
    if (!key.ok()) {
      return base::InvalidArgument("auth.key-files: ", file, ": ",
                                   base::FromAbsl(key.status().message()));
    }
    if (key->size() < kLeastKeyBytes) {
      return base::InvalidArgument("auth.key-files: ", file, " has ", key->size(),
                                   " bytes; a key needs ", kLeastKeyBytes, " to ", kMostKeyBytes);
    }
    if (!read.keys.try_emplace(StemOf(file), *std::move(key)).second) {
      return base::InvalidArgument("auth.key-files: ", file, ": there is another file named \"",
                                   StemOf(file), "\"");
    }
  }
  if (read.keys.empty()) return base::InvalidArgument("auth.key-files is empty");
  return read;
}

absl::StatusOr<std::string_view> Verifier::Verify(std::string_view authorization, int64_t wall_ms) {
  std::optional<std::string> token = TokenOf(authorization);
  if (!token) return base::Unauthenticated("no token: `authorization: Bearer TOKEN` is needed");
  if (token->size() > kMostTokenBytes) {
    return base::Unauthenticated("the token has more than ", kMostTokenBytes, " bytes");
  }
  auto known = cache_.find(*token);
  if (known == cache_.end()) {
    absl::StatusOr<Known> checked = Check(*token);
    if (!checked.ok()) return checked.status();
    if (cache_.size() >= kMostCached) cache_.clear();
    known = cache_.emplace(*std::move(token), *std::move(checked)).first;
  }
  const int64_t now_s = wall_ms / 1000;
  if (now_s >= known->second.expires_s) return base::Unauthenticated("the token has expired");
  if (now_s < known->second.not_before_s)
    return base::Unauthenticated("the token is not valid yet");
  subject_ = known->second.subject;
  return std::string_view(subject_);
}

absl::StatusOr<Verifier::Known> Verifier::Check(const std::string& token) const {
  const Jwt unchecked = Parse(token, {});
  if (unchecked == nullptr) return base::Unauthenticated("the token is no JSON Web Token");
  const char* const kid = jwt_get_header(unchecked.get(), "kid");
  Jwt jwt;
  for (const auto& [name, key] : keys_.keys) {
    if (kid == nullptr || name == kid) jwt = Parse(token, key);
    if (jwt != nullptr) break;
  }
  if (jwt == nullptr || jwt_get_alg(jwt.get()) != JWT_ALG_HS256) return BadToken();
  Known known;
  const char* const subject = jwt_get_grant(jwt.get(), "sub");
  if (subject != nullptr) known.subject = subject;
  if (known.subject.empty() || known.subject.size() > kMostSubjectBytes) {
    return base::Unauthenticated("the token's `sub` needs 1 to ", kMostSubjectBytes, " bytes");
  }
  constexpr int64_t kNever = std::numeric_limits<int64_t>::max();
  if (!Seconds(jwt, "exp", kNever, &known.expires_s) ||
      !Seconds(jwt, "nbf", 0, &known.not_before_s)) {
    return base::Unauthenticated("the token's `exp` or `nbf` is no time");
  }
  if (!keys_.audience.empty() && !IsFor(jwt, keys_.audience)) {
    return base::Unauthenticated("the token is for another audience");
  }
  return known;
}

}  // namespace memgrid::grid
