// The agent's own log: one line a message on stderr, "LEVEL message key=value ...", no timestamps
// when stderr is the journal ($JOURNAL_STREAM), RFC 3339 otherwise. Thread-safe; never blocks on
// anything but the write. Values are quoted and control characters escaped, so that hostile text
// cannot forge a line.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace pawl {

enum class LogLevel : unsigned char { kDebug, kInfo, kWarning, kError };

struct LogField {
  std::string_view key;
  std::string value;
};

void set_log_level(LogLevel level);
void log(LogLevel level, std::string_view message, std::initializer_list<LogField> fields = {});

inline void log_info(std::string_view message, std::initializer_list<LogField> fields = {}) {
  log(LogLevel::kInfo, message, fields);
}
inline void log_warning(std::string_view message, std::initializer_list<LogField> fields = {}) {
  log(LogLevel::kWarning, message, fields);
}
inline void log_error(std::string_view message, std::initializer_list<LogField> fields = {}) {
  log(LogLevel::kError, message, fields);
}
inline void log_debug(std::string_view message, std::initializer_list<LogField> fields = {}) {
  log(LogLevel::kDebug, message, fields);
}

// Control characters, quotes, backslashes and bytes that are not UTF-8 become \n, \x1b, ...
// For every text of outside origin that reaches a terminal or a log.
[[nodiscard]] std::string escape_control(std::string_view text);

}  // namespace pawl
