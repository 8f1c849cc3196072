#include "output.h"

#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <nlohmann/json.hpp>

#include "absl/strings/escaping.h"
#include "base/strings.h"
#include "base/units.h"
#include "base/utf8.h"
#include "client.h"

namespace memgrid::cli {
namespace {

// Columns on a terminal: continuation bytes of UTF-8 take none.
size_t Width(std::string_view text) {
  size_t width = 0;
  for (unsigned char c : text) width += (c & 0xC0) != 0x80;
  return width;
}

bool IsNumber(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789.,%") == std::string_view::npos;
}

int64_t NowNs() { return std::chrono::steady_clock::now().time_since_epoch().count(); }

}  // namespace

Table::Table(std::vector<std::string> heading) { rows_.push_back(std::move(heading)); }

void Table::Add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }

std::string Table::Text() const {
  std::vector<size_t> widths(rows_[0].size());
  for (const auto& row : rows_) {
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], Width(row[i]));
  }
  std::string out;
  for (const auto& row : rows_) {
    std::string line;
    for (size_t i = 0; i < row.size(); ++i) {
      const std::string space(widths[i] - Width(row[i]), ' ');
      line += IsNumber(row[i]) ? space + row[i] : row[i] + space;
      line += "  ";
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + "\n";
  }
  return out;
}

void Print(std::string_view text) {
  while (!text.empty()) {
    const ssize_t put = ::write(STDOUT_FILENO, text.data(), text.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0 && errno == EPIPE) return;
    if (put < 0) throw Failure{std::string("standard output: ") + std::strerror(errno)};
    text.remove_prefix(static_cast<size_t>(put));
  }
}

void PrintJson(const nlohmann::ordered_json& object) { Print(object.dump() + "\n"); }

void SetBytes(nlohmann::ordered_json& object, const std::string& name, std::string_view bytes) {
  if (base::IsUtf8WithoutNul(bytes)) {
    object[name] = std::string(bytes);
  } else {
    object[name + "_base64"] = absl::Base64Escape(base::ToAbsl(bytes));
  }
}

Progress::Progress(std::string what, uint64_t total)
    : what_(std::move(what)),
      total_(total),
      terminal_(::isatty(STDERR_FILENO) == 1),
      started_ns_(NowNs()) {
  Draw(false);
}

Progress::~Progress() {
  if (terminal_ && !ended_) std::fputc('\n', stderr);
}

void Progress::Advance(uint64_t bytes) {
  done_ += bytes;
  if (terminal_ && NowNs() - drawn_ns_ >= 100'000'000) Draw(false);
}

void Progress::Done() {
  ended_ = true;
  Draw(true);
}

void Progress::Draw(bool last) {
  if (!terminal_) return;
  drawn_ns_ = NowNs();
  const double seconds = static_cast<double>(drawn_ns_ - started_ns_) / 1e9;
  std::string line = "\r" + what_ + "  " + base::FormatBytes(done_);
  if (total_ != 0) {
    const uint64_t percent =
        static_cast<uint64_t>(100.0 * static_cast<double>(done_) / static_cast<double>(total_));
    const size_t filled = static_cast<size_t>(percent) * 30 / 100;
    line += " of " + base::FormatBytes(total_) + "  [" + std::string(filled, '#') +
            std::string(30 - std::min<size_t>(filled, 30), ' ') + "] " + std::to_string(percent) +
            " %";
  }
  if (seconds > 0.05) {
    line += "  " + base::FormatBytes(static_cast<uint64_t>(static_cast<double>(done_) / seconds)) +
            "/s";
  }
  std::fputs((line + "\033[K" + (last ? "\n" : "")).c_str(), stderr);
  std::fflush(stderr);
}

}  // namespace memgrid::cli
