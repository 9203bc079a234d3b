// One write(2) a line: lines of several threads never mix, and a line is out before a crash.
#include "base/log.h"

#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdlib>

#include "base/time.h"

namespace pawl {
namespace {

std::atomic<LogLevel> minimum_level{LogLevel::kInfo};

constexpr std::array<std::string_view, 4> kLevelNames = {"debug", "info", "warning", "error"};
// sd-daemon(3): the journal reads these prefixes as priorities.
constexpr std::array<std::string_view, 4> kJournalPrefixes = {"<7>", "<6>", "<4>", "<3>"};

bool stderr_is_journal() {
  static const bool is_journal = std::getenv("JOURNAL_STREAM") != nullptr;
  return is_journal;
}

// The length of the valid UTF-8 sequence at the start of `text` (1 for ASCII), or 0.
std::size_t utf8_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return 1;
  std::size_t length = 0;
  unsigned point = 0;
  if (first >= 0xc2 && first <= 0xdf) {
    length = 2;
    point = first & 0x1fu;
  } else if (first >= 0xe0 && first <= 0xef) {
    length = 3;
    point = first & 0x0fu;
  } else if (first >= 0xf0 && first <= 0xf4) {
    length = 4;
    point = first & 0x07u;
  } else {
    return 0;
  }
  if (text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0u) != 0x80u) return 0;
    point = (point << 6) | (byte(i) & 0x3fu);
  }
  const bool overlong = (length == 3 && point < 0x800) || (length == 4 && point < 0x10000);
  const bool surrogate = point >= 0xd800 && point <= 0xdfff;
  const bool c1_control = point >= 0x80 && point <= 0x9f;
  // U+202A..202E and U+2066..2069 reorder what a person reads: treated as control characters.
  const bool reorders =
      (point >= 0x202a && point <= 0x202e) || (point >= 0x2066 && point <= 0x2069);
  return overlong || surrogate || c1_control || reorders || point > 0x10ffff ? 0 : length;
}

void append_field(std::string& line, const LogField& field) {
  line += ' ';
  line += field.key;
  line += '=';
  const bool plain =
      !field.value.empty() && field.value.find_first_of(" \"\\=\n\r\t") == std::string::npos;
  if (plain) {
    line += escape_control(field.value);
    return;
  }
  line += '"';
  for (char c : escape_control(field.value)) {
    if (c == '"') line += '\\';
    line += c;
  }
  line += '"';
}

}  // namespace

void set_log_level(LogLevel level) { minimum_level.store(level, std::memory_order_relaxed); }

void log(LogLevel level, std::string_view message, std::initializer_list<LogField> fields) {
  if (level < minimum_level.load(std::memory_order_relaxed)) return;
  const auto index = static_cast<std::size_t>(level);
  std::string line;
  if (stderr_is_journal()) {
    line = kJournalPrefixes[index];
  } else {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    line = format_rfc3339(
        WallTime{std::chrono::duration_cast<std::chrono::milliseconds>(now).count()});
    line += ' ';
    line += kLevelNames[index];
    line += ' ';
  }
  line += escape_control(message);
  for (const LogField& field : fields) append_field(line, field);
  line += '\n';
  // A log that cannot be written has nowhere to say so.
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, line.data(), line.size());
}

std::string escape_control(std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const auto first = static_cast<unsigned char>(text.front());
    const std::size_t length = utf8_length(text);
    if (length == 1 && first >= 0x20 && first != 0x7f) {
      if (first == '\\') out += '\\';
      out += text.front();
    } else if (length > 1) {
      out += text.substr(0, length);
    } else if (first == '\n') {
      out += "\\n";
    } else if (first == '\t') {
      out += "\\t";
    } else if (first == '\r') {
      out += "\\r";
    } else {
      out += "\\x";
      out += kHex[first >> 4];
      out += kHex[first & 0xf];
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return out;
}

}  // namespace pawl
