#include "grid/auth.h"

#include <jwt.h>

#include <cstdlib>
#include <string>

#include "gtest/gtest.h"

namespace memgrid::grid {
namespace {

constexpr int64_t kNowMs = 1'700'000'000'000;
constexpr int64_t kNow = kNowMs / 1000;
const std::string kKey(32, 'k');

struct Token {
  std::string subject = "alice";
  std::string kid;
  std::string audience;  // JSON
  long expires = 0, not_before = 0;
  jwt_alg_t algorithm = JWT_ALG_HS256;
  std::string key = kKey;
};

std::string Encode(const Token& token) {
  jwt_t* jwt = nullptr;
  EXPECT_EQ(jwt_new(&jwt), 0);
  if (!token.subject.empty()) jwt_add_grant(jwt, "sub", token.subject.c_str());
  if (!token.kid.empty()) jwt_add_header(jwt, "kid", token.kid.c_str());
  if (!token.audience.empty())
    jwt_add_grants_json(jwt, ("{\"aud\":" + token.audience + "}").c_str());
  if (token.expires != 0) jwt_add_grant_int(jwt, "exp", token.expires);
  if (token.not_before != 0) jwt_add_grant_int(jwt, "nbf", token.not_before);
  const auto* key = reinterpret_cast<const unsigned char*>(token.key.data());
  const bool none = token.algorithm == JWT_ALG_NONE;
  EXPECT_EQ(jwt_set_alg(jwt, token.algorithm, none ? nullptr : key,
                        none ? 0 : static_cast<int>(token.key.size())),
            0);
  char* const text = jwt_encode_str(jwt);
  const std::string encoded = text;
  std::free(text);
  jwt_free(jwt);
  return "Bearer " + encoded;
}

class AuthTest : public testing::Test {
 protected:
  std::string Subject(const std::string& authorization, int64_t now_ms = kNowMs) {
    const auto subject = verifier_.Verify(authorization, now_ms);
    EXPECT_TRUE(subject.ok() || subject.status().code() == absl::StatusCode::kUnauthenticated);
    return subject.ok() ? std::string(*subject) : "refused";
  }

  AuthKeys keys_{.keys = {{"main", kKey}, {"next", std::string(40, 'n')}}};
  Verifier verifier_{keys_};
};

TEST_F(AuthTest, TheSubjectOfAGoodTokenIsTheCaller) {
  EXPECT_EQ(Subject(Encode({})), "alice");
  EXPECT_EQ(Subject(Encode({.subject = "bob"})), "bob");
  EXPECT_EQ(Subject(Encode({})), "alice");
  std::string lower = Encode({});
  lower[0] = 'b';
  EXPECT_EQ(Subject(lower), "alice");
}

TEST_F(AuthTest, KeysAreFoundByNameOrTried) {
  EXPECT_EQ(Subject(Encode({.kid = "main"})), "alice");
  EXPECT_EQ(Subject(Encode({.kid = "next"})), "refused");  // signed with the other one
  EXPECT_EQ(Subject(Encode({.kid = "next", .key = std::string(40, 'n')})), "alice");
  EXPECT_EQ(Subject(Encode({.key = std::string(40, 'n')})), "alice");
  EXPECT_EQ(Subject(Encode({.kid = "gone"})), "refused");
  EXPECT_EQ(Subject(Encode({.key = std::string(32, 'x')})), "refused");
}

TEST_F(AuthTest, OtherAlgorithmsAreRefused) {
  EXPECT_EQ(Subject(Encode({.algorithm = JWT_ALG_NONE})), "refused");
  EXPECT_EQ(Subject(Encode({.algorithm = JWT_ALG_HS384})), "refused");
  EXPECT_EQ(Subject(Encode({.algorithm = JWT_ALG_HS512})), "refused");
}

TEST_F(AuthTest, TimesAreCheckedAtEveryUse) {
  const std::string token = Encode({.expires = kNow + 10, .not_before = kNow});
  EXPECT_EQ(Subject(token), "alice");
  EXPECT_EQ(Subject(token, kNowMs - 1000), "refused");
  EXPECT_EQ(Subject(token, kNowMs + 9999), "alice");
  EXPECT_EQ(Subject(token, kNowMs + 10000), "refused");
  EXPECT_EQ(Subject(Encode({.expires = kNow - 1})), "refused");
}

TEST_F(AuthTest, TheAudienceMustBeNamed) {
  keys_.audience = "grid";
  EXPECT_EQ(Subject(Encode({})), "refused");
  EXPECT_EQ(Subject(Encode({.audience = "\"grid\""})), "alice");
  EXPECT_EQ(Subject(Encode({.audience = "\"grid2\""})), "refused");
  EXPECT_EQ(Subject(Encode({.audience = "[\"a\",\"grid\"]"})), "alice");
  EXPECT_EQ(Subject(Encode({.audience = "[\"a\",\"gridx\"]"})), "refused");
  EXPECT_EQ(Subject(Encode({.audience = R"(["a\",\"grid\",\"b"])"})), "refused");
}

TEST_F(AuthTest, WhatIsNoTokenIsRefused) {
  for (const char* bad :
       {"", "Bearer", "Bearer ", "Bearer x", "Bearer a.b.c", "Basic QTpC", "bearer\talice"}) {
    EXPECT_EQ(Subject(bad), "refused") << bad;
  }
  EXPECT_EQ(Subject("Bearer " + std::string(9000, 'a')), "refused");
  EXPECT_EQ(Subject(Encode({.subject = ""})), "refused");
  EXPECT_EQ(Subject(Encode({.subject = std::string(257, 's')})), "refused");
  std::string cut = Encode({});
  cut.pop_back();
  EXPECT_EQ(Subject(cut), "refused");
}

}  // namespace
}  // namespace memgrid::grid
