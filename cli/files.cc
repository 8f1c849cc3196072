#include "files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "client.h"

namespace memgrid::cli {
namespace {

[[noreturn]] void FailFile(const std::string& path) {
  throw Failure{(path == "-" ? std::string("standard stream") : path) + ": " +
                std::strerror(errno)};
}

bool IsSpecial(const std::string& path) {
  struct stat what {};
  return ::stat(path.c_str(), &what) == 0 && !S_ISREG(what.st_mode);
}

}  // namespace

Input::Input(const std::string& path) : path_(path) {
  file_ = path == "-" ? STDIN_FILENO : ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file_ < 0) FailFile(path_);
  struct stat what {};
  if (::fstat(file_, &what) == 0 && S_ISREG(what.st_mode)) {
    const off_t at = ::lseek(file_, 0, SEEK_CUR);
    size_ = static_cast<uint64_t>(what.st_size - (at > 0 ? at : 0));
  } else if (S_ISDIR(what.st_mode)) {
    errno = EISDIR;
    FailFile(path_);
  }
}

Input::~Input() {
  if (file_ > STDIN_FILENO) ::close(file_);
}

size_t Input::Read(std::span<char> into) {
  size_t filled = 0;
  while (filled < into.size()) {
    const ssize_t got = ::read(file_, into.data() + filled, into.size() - filled);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) FailFile(path_);
    if (got == 0) break;
    filled += static_cast<size_t>(got);
  }
  return filled;
}

std::string ReadAll(const std::string& path, size_t limit) {
  Input input(path);
  std::string all;
  std::string chunk(256 << 10, '\0');
  for (;;) {
    const size_t got = input.Read(chunk);
    all.append(chunk, 0, got);
    if (all.size() > limit) {
      throw Failure{path + ": more than " + std::to_string(limit) +
                    " bytes, the most that a value may have"};
    }
    if (got < chunk.size()) return all;
  }
}

Output::Output(const std::string& path) : path_(path) {
  if (path == "-") {
    file_ = STDOUT_FILENO;
  } else if (IsSpecial(path)) {
    file_ = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
  } else {
    part_ = path + ".memgrid-" + std::to_string(::getpid());
    file_ = ::open(part_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  }
  if (file_ < 0) FailFile(path_);
}

Output::~Output() {
  if (file_ > STDOUT_FILENO) ::close(file_);
  if (!part_.empty()) ::unlink(part_.c_str());
}

void Output::Write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t put = ::write(file_, bytes.data(), bytes.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) FailFile(path_);
    bytes.remove_prefix(static_cast<size_t>(put));
  }
}

void Output::Commit() {
  if (part_.empty()) return;
  if (::rename(part_.c_str(), path_.c_str()) != 0) FailFile(path_);
  part_.clear();
}

}  // namespace memgrid::cli
