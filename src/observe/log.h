// The log: one line an event on standard error, text for people and key=value for programs.
//
//   observe::Info("stripe read-only", {{"path", path}, {"reason", status.message()}});
//   -> 2026-11-21T14:03:26.123Z info  stripe read-only path=/d/shadow/default.0
//   reason="Input/output error"
//
// Nothing secret is ever given to it: no values, no tokens, no keys of tenants. Thread-safe; never
// blocks for long (a line is one write).

#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace memgrid::observe {

enum class Level : uint8_t { kDebug, kInfo, kWarning, kError };

// A named value of an event.
struct Field {
  Field(std::string_view key, std::string_view text) : name(key), value(text) {}
  Field(std::string_view key, const char* text) : name(key), value(text) {}
  Field(std::string_view key, const std::string& text) : name(key), value(text) {}
  template <std::integral Number>
  Field(std::string_view key, Number number) : name(key), value(std::to_string(number)) {}
  Field(std::string_view key, double number);

  std::string_view name;
  std::string value;
};

void Log(Level level, std::string_view event, std::initializer_list<Field> fields = {});

inline void Debug(std::string_view event, std::initializer_list<Field> fields = {}) {
  Log(Level::kDebug, event, fields);
}
inline void Info(std::string_view event, std::initializer_list<Field> fields = {}) {
  Log(Level::kInfo, event, fields);
}
inline void Warning(std::string_view event, std::initializer_list<Field> fields = {}) {
  Log(Level::kWarning, event, fields);
}
inline void Error(std::string_view event, std::initializer_list<Field> fields = {}) {
  Log(Level::kError, event, fields);
}

// Events below `level` are dropped. kInfo at start.
void SetLogLevel(Level level);

// Lets through at most one event a second of a kind that could otherwise flood the log. One limiter
// a place:
//   static observe::Limiter limiter;
//   if (limiter.Pass(now)) observe::Warning(...);
class Limiter {
 public:
  // `monotonic_ns`: now. Called by one thread.
  bool Pass(int64_t monotonic_ns) {
    if (next_ns_ > monotonic_ns) return false;
    next_ns_ = monotonic_ns + 1'000'000'000;
    return true;
  }

 private:
  int64_t next_ns_ = 0;
};

}  // namespace memgrid::observe
