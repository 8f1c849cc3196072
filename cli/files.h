// Files, pipes and standard streams of commands. "-" is standard input or output. Failures name the
// file.

#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

namespace memgrid::cli {

class Input {
 public:
  explicit Input(const std::string& path);
  ~Input();
  // Fills `into` as far as the input goes; fewer bytes only at its end.
  size_t Read(std::span<char> into);
  // Of a regular file.
  std::optional<uint64_t> size() const { return size_; }

 private:
  const std::string path_;
  int file_ = -1;
  std::optional<uint64_t> size_;
};

// Everything of an input, at most `limit` bytes.
std::string ReadAll(const std::string& path, size_t limit);

// Appears under its name only when Commit has been called: nothing half is ever there.
class Output {
 public:
  explicit Output(const std::string& path);
  ~Output();
  void Write(std::string_view bytes);
  void Commit();

 private:
  const std::string path_;
  std::string part_;  // where it is written meanwhile; empty for standard output and for what is no
                      // regular file
  int file_ = -1;
};

}  // namespace memgrid::cli
