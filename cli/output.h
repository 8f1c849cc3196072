// What the command line prints: tables for people, JSON for programs. Nothing is printed before it
// is whole.

#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace memgrid::cli {

// A table with a heading row; columns as wide as their widest cell. Numbers are right-aligned.
class Table {
 public:
  explicit Table(std::vector<std::string> heading);
  void Add(std::vector<std::string> row);
  std::string Text() const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

// All of `text` to standard output. Throws Failure if it cannot be written; a reader that went away
// (EPIPE) is no failure.
void Print(std::string_view text);

// One object on one line.
void PrintJson(const nlohmann::ordered_json& object);

// "value" if the bytes are UTF-8, else "value_base64".
void SetBytes(nlohmann::ordered_json& object, const std::string& name, std::string_view bytes);

// Draws how far a long transfer is, on standard error, if that is a terminal: at once, every 100
// ms, and at the end.
class Progress {
 public:
  // `total` 0 = not known.
  Progress(std::string what, uint64_t total);
  ~Progress();
  void Advance(uint64_t bytes);
  void Done();

 private:
  void Draw(bool last);

  const std::string what_;
  const uint64_t total_;
  const bool terminal_;
  uint64_t done_ = 0;
  int64_t started_ns_ = 0, drawn_ns_ = 0;
  bool ended_ = false;
};

}  // namespace memgrid::cli
