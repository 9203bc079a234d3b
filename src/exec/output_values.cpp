#include "exec/output_values.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "exec/text.h"
#include "model/limits.h"

namespace pawl {
namespace {

class OutputReader {
 public:
  OutputReader(std::string_view text, const std::vector<std::string>& declared)
      : rest_(text), declared_(declared) {}

  OutputValues read() {
    while (const auto line = next_line()) take_line(*line);
    OutputValues result;
    for (const std::string& name : declared_) {
      const auto found = values_.find(name);
      if (found != values_.end()) result.values.emplace_back(name, std::move(found->second));
    }
    if (unsaid_ > 0) {
      notes_.push_back("and " + std::to_string(unsaid_) + " more of $PAWL_OUTPUT not taken");
    }
    result.notes = std::move(notes_);
    return result;
  }

 private:
  std::optional<std::string_view> next_line() {
    if (rest_.empty()) return std::nullopt;
    std::string_view line = rest_.substr(0, rest_.find('\n'));
    rest_.remove_prefix(std::min(line.size() + 1, rest_.size()));
    ++number_;
    if (line.ends_with('\r')) line.remove_suffix(1);
    return line;
  }

  void take_line(std::string_view line) {
    if (line.empty()) return;
    const std::size_t equals = line.find('=');
    const std::size_t block = line.find("<<");
    if (block < equals) return take_block(line.substr(0, block), line.substr(block + 2));
    if (equals == std::string_view::npos) {
      return note(number_, "is neither name=value nor name<<WORD");
    }
    take_value(number_, line.substr(0, equals), std::string(line.substr(equals + 1)));
  }

  void take_block(std::string_view name, std::string_view word) {
    const std::size_t first = number_;
    if (word.empty()) return note(first, "has no word after <<");
    std::string value;
    for (bool empty = true; const auto line = next_line(); empty = false) {
      if (*line == word) return take_value(first, name, std::move(value));
      if (!empty) value += '\n';
      value += *line;
    }
    note(first, "begins a value that has no end: no later line is just '" + shown(word) + "'");
    // Whose it would have been is known, and that the task meant it to be another.
    values_.erase(std::string(name));
  }

  void take_value(std::size_t line, std::string_view name, std::string value) {
    if (std::find(declared_.begin(), declared_.end(), name) == declared_.end()) {
      return note(line, "names '" + shown(name) + "', which is not among the task's `outputs`");
    }
    values_.erase(std::string(name));
    if (value.size() > limits::kOutputValueBytes) {
      return note(line, "has a value of " + std::to_string(value.size()) + " bytes for '" +
                            std::string(name) + "'; at most " +
                            std::to_string(limits::kOutputValueBytes) + " are taken");
    }
    if (!is_text(value)) {
      return note(line, "has a value for '" + std::string(name) +
                            "' that is no text (a zero byte, or not UTF-8)");
    }
    values_.emplace(name, std::move(value));
  }

  void note(std::size_t line, const std::string& what) {
    if (notes_.size() >= limits::kOutputNotes) {
      ++unsaid_;
      return;
    }
    notes_.push_back("line " + std::to_string(line) + " of $PAWL_OUTPUT " + what +
                     "; it is not taken");
  }

  static std::string shown(std::string_view text) {
    return std::string(text.substr(0, limits::kNameBytes)) +
           (text.size() > limits::kNameBytes ? "..." : "");
  }

  std::string_view rest_;
  const std::vector<std::string>& declared_;
  std::size_t number_ = 0;  // of the latest line
  std::map<std::string, std::string> values_;
  std::vector<std::string> notes_;
  std::size_t unsaid_ = 0;
};

}  // namespace

OutputValues parse_output(std::string_view text, const std::vector<std::string>& declared) {
  return OutputReader(text, declared).read();
}

}  // namespace pawl
