#include "env/address.h"

#include "gtest/gtest.h"

namespace memgrid::env {
namespace {

TEST(ParseHostPort, TakesNamesAndBothKindsOfAddress) {
  for (const char* text :
       {"127.0.0.1:50051", "localhost:0", "[::1]:65535", "n1.example.org:7051"}) {
    const auto parsed = ParseHostPort(text);
    ASSERT_TRUE(parsed.ok()) << parsed.status();
    EXPECT_EQ(FormatHostPort(parsed->host, parsed->port), text);
  }
  EXPECT_EQ(ParseHostPort("[fe80::1]:80")->host, "fe80::1");
}

TEST(ParseHostPort, RefusesTheRestAndQuotesIt) {
  for (const char* text : {"", ":", "host", "host:", ":80", "host:65536", "host:-1", "host:8x",
                           "::1:80", "[::1]", "[]:80", "[::1]80", "host:123456", "a[b]:1"}) {
    const auto parsed = ParseHostPort(text);
    ASSERT_FALSE(parsed.ok()) << text;
    EXPECT_EQ(parsed.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_NE(parsed.status().ToString().find(std::string("\"") + text + "\""), std::string::npos);
  }
  EXPECT_FALSE(ParseHostPort(std::string(300, 'h') + ":80").ok());
}

}  // namespace
}  // namespace memgrid::env
