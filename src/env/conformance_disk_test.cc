#include <cstdlib>
#include <cstring>
#include <memory>

#include "base/strings.h"
#include "env/conformance.h"

namespace memgrid::env {
namespace {

using absl::StatusCode;

constexpr size_t kUnit = 4096;

// Memory that direct I/O takes.
class Buffer {
 public:
  explicit Buffer(size_t size, char fill = '\0')
      : size_(size), bytes_(static_cast<char*>(std::aligned_alloc(65536, RoundUp(size)))) {
    std::memset(bytes_.get(), fill, size);
  }
  std::span<char> span() { return {bytes_.get(), size_}; }
  std::string_view view() const { return {bytes_.get(), size_}; }

 private:
  static size_t RoundUp(size_t size) { return (size + 65535) / 65536 * 65536; }
  struct Free {
    void operator()(char* bytes) const { std::free(bytes); }
  };
  const size_t size_;
  const std::unique_ptr<char, Free> bytes_;
};

class DiskConformance : public Conformance {
 protected:
  Disk& disk() { return loop(0).disk(); }
  std::string Path(std::string_view name) { return base::StrCat(env_->folder(), "/", name); }

  std::unique_ptr<File> Create(std::string_view name, OpenOptions options = {}) {
    options.create = true;
    auto file = disk().Open(Path(name), options);
    EXPECT_TRUE(file.ok()) << file.status();
    return file.ok() ? *std::move(file) : nullptr;
  }

  // Runs an asynchronous call on a loop and waits for its answer.
  absl::Status Do(int index, const std::function<void(DiskDone)>& call) {
    Flag done;
    absl::Status answer;
    loop(index).Post([&] {
      call([&, index](absl::Status status) {
        EXPECT_TRUE(loop(index).InLoop());
        answer = std::move(status);
        done.Set();
      });
    });
    Await(done);
    return answer;
  }
};
MEMGRID_CONFORMANCE(DiskConformance);

TEST_P(DiskConformance, WhatIsWrittenIsReadFromAnyLoop) {
  Start();
  const auto file = Create("file");
  Buffer out(3 * kUnit, 'x'), in(3 * kUnit);
  ASSERT_TRUE(Do(0, [&](DiskDone done) { file->Write(kUnit, out.span(), std::move(done)); }).ok());
  EXPECT_EQ(*file->Size(), 4 * kUnit);
  ASSERT_TRUE(Do(1, [&](DiskDone done) { file->Read(kUnit, in.span(), std::move(done)); }).ok());
  EXPECT_EQ(in.view(), out.view());
  Buffer hole(kUnit, '?');
  ASSERT_TRUE(Do(2, [&](DiskDone done) { file->Read(0, hole.span(), std::move(done)); }).ok());
  EXPECT_EQ(hole.view(), std::string(kUnit, '\0'));
  Stop();
}

TEST_P(DiskConformance, ManyWritesAtOnceFromAllLoops) {
  Start();
  OpenOptions fast;
  fast.sync = false;
  const auto file = Create("file", fast);
  constexpr int kEach = 700;  // more than fits into a ring
  Flag done[3];
  int finished[3] = {};
  std::vector<std::unique_ptr<Buffer>> buffers;
  for (int i = 0; i < 3 * kEach; ++i) {
    buffers.push_back(std::make_unique<Buffer>(kUnit));
    std::memcpy(buffers.back()->span().data(), &i, sizeof i);
  }
  for (int l = 0; l < 3; ++l) {
    loop(l).Post([&, l] {
      for (int i = l; i < 3 * kEach; i += 3) {
        file->Write(kUnit * i, buffers[i]->span(), [&, l](absl::Status status) {
          EXPECT_TRUE(status.ok()) << status;
          if (++finished[l] == kEach) done[l].Set();
        });
      }
    });
  }
  for (const Flag& flag : done) Await(flag);
  Buffer in(3 * kEach * kUnit);
  ASSERT_TRUE(Do(0, [&](DiskDone d) { file->Read(0, in.span(), std::move(d)); }).ok());
  for (int i = 0; i < 3 * kEach; ++i) {
    ASSERT_EQ(in.view().substr(kUnit * i, kUnit), buffers[i]->view());
  }
  Stop();
}

TEST_P(DiskConformance, ReadsPastTheEndAreOutOfRange) {
  Start();
  const auto file = Create("file");
  Buffer two(2 * kUnit);
  ASSERT_TRUE(file->WriteNow(0, two.span().first(kUnit)).ok());
  EXPECT_EQ(Do(0, [&](DiskDone d) { file->Read(0, two.span(), std::move(d)); }).code(),
            StatusCode::kOutOfRange);
  EXPECT_EQ(file->ReadNow(kUnit, two.span()).code(), StatusCode::kOutOfRange);
  EXPECT_EQ(file->ReadNow(uint64_t{1} << 40, two.span()).code(), StatusCode::kOutOfRange);
  EXPECT_EQ(file->ReadNow(~uint64_t{0} / kUnit * kUnit, two.span()).code(),
            StatusCode::kOutOfRange);
  Stop();
}

TEST_P(DiskConformance, DirectIoHoldsItsAlignment) {
  Start();
  const auto file = Create("file");
  EXPECT_GE(file->io_unit(), 512u);
  if (!file->direct()) GTEST_SKIP() << "no direct I/O here";
  Buffer buffer(2 * kUnit);
  const auto write = [&](uint64_t offset, std::span<char> data) {
    return Do(0, [&](DiskDone d) { file->Write(offset, data, std::move(d)); }).code();
  };
  EXPECT_EQ(write(1, buffer.span().first(kUnit)), StatusCode::kInvalidArgument);
  EXPECT_EQ(write(0, buffer.span().first(kUnit - 1)), StatusCode::kInvalidArgument);
  EXPECT_EQ(write(0, buffer.span().subspan(1, kUnit)), StatusCode::kInvalidArgument);
  EXPECT_EQ(write(0, buffer.span().first(kUnit)), StatusCode::kOk);
  Stop();
}

TEST_P(DiskConformance, BufferedFilesTakeAnyBytes) {
  Start();
  OpenOptions options;
  options.direct = OpenOptions::kNever;
  const auto file = Create("file", options);
  EXPECT_FALSE(file->direct());
  const std::string text = "seven b";
  ASSERT_TRUE(Do(0, [&](DiskDone d) { file->Write(3, text, std::move(d)); }).ok());
  EXPECT_EQ(*disk().ReadWhole(Path("file"), 10), std::string(3, '\0') + text);
  EXPECT_EQ(disk().ReadWhole(Path("file"), 9).status().code(), StatusCode::kOutOfRange);
  ASSERT_TRUE(Do(0, [&](DiskDone d) { file->Write(0, {}, std::move(d)); }).ok());
  Stop();
}

TEST_P(DiskConformance, ReservingGrowsTheFileAndKeepsItsBytes) {
  Start();
  const auto file = Create("file");
  Buffer data(kUnit, 'd'), in(kUnit);
  ASSERT_TRUE(file->WriteNow(kUnit, data.span()).ok());
  ASSERT_TRUE(Do(1, [&](DiskDone d) { file->Reserve(0, 64 * kUnit, std::move(d)); }).ok());
  EXPECT_EQ(*file->Size(), 64 * kUnit);
  ASSERT_TRUE(file->ReserveNow(64 * kUnit, 8 * kUnit).ok());
  ASSERT_TRUE(file->ReserveNow(0, kUnit).ok());
  EXPECT_EQ(*file->Size(), 72 * kUnit);
  ASSERT_TRUE(file->ReadNow(kUnit, in.span()).ok());
  EXPECT_EQ(in.view(), data.view());
  ASSERT_TRUE(file->ReadNow(63 * kUnit, in.span()).ok());
  EXPECT_EQ(in.view(), std::string(kUnit, '\0'));
  Stop();
}

TEST_P(DiskConformance, ResizingCutsAndGrows) {
  const auto file = Create("file");
  Buffer data(2 * kUnit, 'd'), in(2 * kUnit);
  ASSERT_TRUE(file->WriteNow(0, data.span()).ok());
  ASSERT_TRUE(file->ResizeNow(kUnit).ok());
  ASSERT_TRUE(file->ResizeNow(2 * kUnit).ok());
  ASSERT_TRUE(file->ReadNow(0, in.span()).ok());
  EXPECT_EQ(in.view(), std::string(kUnit, 'd') + std::string(kUnit, '\0'));
  Start();
  Stop();
}

TEST_P(DiskConformance, NamesAndFolders) {
  EXPECT_EQ(disk().Open(Path("absent"), {}).status().code(), StatusCode::kNotFound);
  EXPECT_FALSE(disk().Exists(Path("absent")));
  EXPECT_EQ(disk().Remove(Path("absent")).code(), StatusCode::kNotFound);
  EXPECT_EQ(disk().Rename(Path("absent"), Path("x")).code(), StatusCode::kNotFound);
  EXPECT_EQ(disk().List(Path("absent")).status().code(), StatusCode::kNotFound);
  EXPECT_EQ(disk().ReadWhole(Path("absent"), 10).status().code(), StatusCode::kNotFound);
  EXPECT_FALSE(disk().Open("", {}).ok());

  ASSERT_TRUE(disk().MakeFolder(Path("a/b/c")).ok());
  ASSERT_TRUE(disk().MakeFolder(Path("a/b/c")).ok());
  OpenOptions create;
  create.create = true;
  EXPECT_EQ(disk().Open(Path("nowhere/file"), create).status().code(), StatusCode::kNotFound);
  ASSERT_NE(Create("a/two"), nullptr);
  ASSERT_NE(Create("a/one"), nullptr);
  EXPECT_EQ(*disk().List(Path("a")), (std::vector<std::string>{"b", "one", "two"}));
  EXPECT_TRUE(disk().Exists(Path("a/one")));
  EXPECT_FALSE(disk().MakeFolder(Path("a/one/sub")).ok());
}

TEST_P(DiskConformance, RenameReplacesAndRemoveRemoves) {
  OpenOptions buffered;
  buffered.direct = OpenOptions::kNever;
  ASSERT_TRUE(Create("old", buffered)->WriteNow(0, std::string("old")).ok());
  ASSERT_TRUE(Create("new", buffered)->WriteNow(0, std::string("new")).ok());
  ASSERT_TRUE(disk().Rename(Path("new"), Path("old")).ok());
  EXPECT_FALSE(disk().Exists(Path("new")));
  EXPECT_EQ(*disk().ReadWhole(Path("old"), 100), "new");
  ASSERT_TRUE(disk().Remove(Path("old")).ok());
  EXPECT_FALSE(disk().Exists(Path("old")));
}

TEST_P(DiskConformance, ReadOnlyFilesRefuseWrites) {
  { const auto file = Create("file"); }
  OpenOptions options;
  options.read_only = true;
  const auto file = disk().Open(Path("file"), options);
  ASSERT_TRUE(file.ok()) << file.status();
  Buffer data(kUnit);
  EXPECT_FALSE((*file)->WriteNow(0, data.span()).ok());
}

TEST_P(DiskConformance, OneHolderOfALock) {
  auto lock = disk().Lock(Path("lock"));
  ASSERT_TRUE(lock.ok()) << lock.status();
  const auto second = disk().Lock(Path("lock"));
  EXPECT_EQ(second.status().code(), StatusCode::kFailedPrecondition);
  EXPECT_NE(second.status().ToString().find("process "), std::string::npos) << second.status();
  lock->reset();
  EXPECT_TRUE(disk().Lock(Path("lock")).ok());
}

}  // namespace
}  // namespace memgrid::env
