#include "config/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "config/settings.h"

namespace memgrid::config {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

std::string Refusal(std::string_view toml) {
  Config config;
  absl::Status status = AddToml(toml, "c.toml", config);
  if (status.ok()) status = Check(config);
  return std::string(status.message());
}

absl::StatusOr<CommandLine> Said(std::vector<const char*> words) {
  words.insert(words.begin(), "memgridd");
  return FromCommandLine(static_cast<int>(words.size()), words.data());
}

TEST(ConfigTest, ReadsEveryTypeOfSetting) {
  Config config;
  ASSERT_TRUE(AddToml(R"(
[server]
loops = 3
[listen]
grpc = "127.0.0.1:0"
[store.default]
file = ["a", "b"]
filesize = "1G"
commit-to-device = true
defrag-sleep = 0
evict-used-pct = "off"
[namespace.app]
quota-bytes = "10M"
default-ttl-ms = 5
[auth]
mode = "off"
)",
                      "c.toml", config)
                  .ok());
  EXPECT_EQ(config.loops, 3);
  EXPECT_EQ(config.listen.grpc, "127.0.0.1:0");
  const Store& store = config.stores.at("default");
  EXPECT_THAT(store.file, ::testing::ElementsAre("a", "b"));
  EXPECT_EQ(store.filesize, 1u << 30);
  EXPECT_TRUE(store.commit_to_device);
  EXPECT_EQ(store.defrag_sleep_us, 0);
  EXPECT_EQ(config.namespaces.at("app").quota_bytes, 10u << 20);
  EXPECT_TRUE(Check(config).ok());
}

TEST(ConfigTest, AnUnknownSettingIsRefusedWithPlaceAndNearestName) {
  EXPECT_EQ(Refusal("[store.default]\n\ndefrag-lwm-pc = 50\n"),
            "c.toml:3: [store.default] unknown setting \"defrag-lwm-pc\"; did you mean "
            "\"defrag-lwm-pct\"?");
  EXPECT_THAT(Refusal("[stor.default]\n"), HasSubstr("did you mean \"store\"?"));
  EXPECT_THAT(Refusal("[server]\nqqqqqqq = 1\n"), Not(HasSubstr("did you mean")));
}

TEST(ConfigTest, AValueOutOfRangeOrOfAnotherTypeIsRefusedWithWhatIsAllowed) {
  EXPECT_EQ(Refusal("[store.default]\ndefrag-lwm-pct = 0"),
            "c.toml:2: [store.default] defrag-lwm-pct must be 1 to 99");
  EXPECT_THAT(Refusal("[store.default]\ndefrag-lwm-pct = \"50\""), HasSubstr("1 to 99"));
  EXPECT_THAT(Refusal("[store.default]\nfilesize = \"1M\""), HasSubstr("64M to 2T"));
  EXPECT_THAT(Refusal("[store.default]\nfilesize = \"999999999999G\""), HasSubstr("64M to 2T"));
  EXPECT_THAT(Refusal("[store.default]\ncommit-to-device = 1"), HasSubstr("true or false"));
  EXPECT_THAT(Refusal("[store.default]\nstop-writes-used-pct = 86"), HasSubstr("1 to 85"));
  EXPECT_THAT(Refusal("[auth]\nmode = \"on\""), HasSubstr("\"off\" or \"jwt\""));
  EXPECT_THAT(Refusal("[server]\nloops = 257"), HasSubstr("1 to 256"));
  EXPECT_THAT(Refusal("[store.default]\nfile = [1]"), HasSubstr("a list of texts"));
}

TEST(ConfigTest, BrokenTomlNamesItsLine) {
  EXPECT_THAT(Refusal("[server]\nloops = = 1\n"), StartsWith("c.toml:2: "));
}

TEST(ConfigTest, SettingsThatDoNotGoTogetherAreRefused) {
  EXPECT_THAT(Refusal("[store.x]\nfile = \"a\""), HasSubstr("file needs filesize"));
  EXPECT_THAT(Refusal("[store.x]\nfile = [\"a\", \"a\"]\nfilesize = \"64M\""), HasSubstr("twice"));
  EXPECT_THAT(Refusal("[store.x]\ncommit-to-device = true"), HasSubstr("needs file"));
  EXPECT_THAT(Refusal("[namespace.a]\nstore = \"nope\""), HasSubstr("no [store.nope]"));
  EXPECT_THAT(Refusal("[auth]\nmode = \"jwt\""), HasSubstr("key-files"));
  EXPECT_THAT(Refusal("[namespace.\"a b\"]"), HasSubstr("1 to 128"));
}

TEST(ConfigTest, AFlagWinsOverTheFile) {
  const std::string path = ::testing::TempDir() + "flags.toml";
  std::ofstream(path)
      << "[listen]\ngrpc = \"127.0.0.1:1\"\n[store.default]\nfile = \"x\"\nfilesize = \"64M\"\n";
  const auto said = Said({"--config", path.c_str(), "--grpc", "127.0.0.1:2", "--store", "memory"});
  ASSERT_TRUE(said.ok()) << said.status();
  EXPECT_EQ(said->config.listen.grpc, "127.0.0.1:2");
  EXPECT_TRUE(said->config.stores.at("default").file.empty());
  EXPECT_TRUE(said->config.stores.at("default").memory_only);
}

TEST(ConfigTest, OfAFlagSaidTwiceTheLastCounts) {
  const auto said = Said({"--grpc", "127.0.0.1:1", "--grpc", "127.0.0.1:2", "--auth", "jwt",
                          "--auth-key", "a", "--auth-key", "b"});
  ASSERT_TRUE(said.ok()) << said.status();
  EXPECT_EQ(said->config.listen.grpc, "127.0.0.1:2");
  EXPECT_THAT(said->config.auth.key_files, ::testing::ElementsAre("a", "b"));
}

TEST(ConfigTest, OffLoopbackNeedsAuthOrInsecure) {
  const auto refused = Said({"--grpc", "0.0.0.0:0"});
  EXPECT_THAT(std::string(refused.status().message()), HasSubstr("--auth"));
  EXPECT_THAT(std::string(refused.status().message()), HasSubstr("--insecure"));
  EXPECT_TRUE(Said({"--grpc", "0.0.0.0:0", "--insecure"}).ok());
  EXPECT_TRUE(Said({"--grpc", "[::1]:0", "--http", "off"}).ok());
}

TEST(ConfigTest, DoorsThatAreNotBuiltInTakeOnlyOff) {
  EXPECT_TRUE(Said({"--redis", "off", "--nvme", "off", "--raft", "off", "--join", "off"}).ok());
  EXPECT_THAT(std::string(Said({"--redis", "127.0.0.1:6379"}).status().message()),
              HasSubstr("not built in"));
  EXPECT_FALSE(Said({"--initial-cluster", "n1=127.0.0.1:1"}).ok());
}

TEST(ConfigTest, UnknownFlagsAreOneLine) {
  const auto refused = Said({"--grcp", "x"});
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(std::string(refused.status().message()), Not(HasSubstr("\n")));
  EXPECT_THAT(Said({"--help"})->text, HasSubstr("--data-dir"));
  EXPECT_THAT(Said({"--help"})->text, Not(HasSubstr("--redis")));
}

TEST(ConfigTest, TheReferencePageIsTheTable) {
  std::ifstream in(MEMGRID_SOURCE_DIR "/docs/reference/settings.md");
  std::stringstream page;
  page << in.rdbuf();
  EXPECT_EQ(page.str(), SettingsReference())
      << "run: build/bin/memgridd --print-settings > docs/reference/settings.md";
}

}  // namespace
}  // namespace memgrid::config
