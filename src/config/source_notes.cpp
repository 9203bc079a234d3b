// A '#' is a comment unless it is inside quotes, inside a block text, or glued to what is before it.
// Where quotes and block texts begin is known from the parsed tree, so that nothing of YAML's
// grammar is guessed here: `echo "a # b"` without quotes around it has a comment, "a # b" has none.
#include "config/source_notes.h"

#include <algorithm>
#include <map>
#include <unordered_map>

namespace pawl::config {
namespace {

constexpr std::string_view kBlanks = " \t\r\n";
constexpr std::size_t kStride = 64;

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xc0u) == 0x80u; }

std::string_view without_end(std::string_view line) {
  const std::size_t last = line.find_last_not_of(kBlanks);
  return line.substr(0, last == std::string_view::npos ? 0 : last + 1);
}

class NoteFinder {
 public:
  NoteFinder(std::string_view text, const SourceLines& lines, const YamlFile& file)
      : text_(text), lines_(lines) {
    find_texts(file);
  }

  SourceNotes find() {
    for (std::size_t at = 0; at < text_.size();) {
      const auto scalar = texts_.find(at);
      if (scalar != texts_.end()) {
        const bool is_block = text_[at] == '|' || text_[at] == '>';
        at = is_block ? end_of_block(at, scalar->second) : end_of_quotes(at);
        continue;
      }
      if (is_line_start(at)) note_blank_line(at);
      at = text_[at] == '#' && is_free(at) ? take_comment(at) : at + 1;
    }
    return std::move(notes_);
  }

 private:
  // Offsets of quoted and block texts; of the latter with the least indentation that they can have,
  // which is one more than that of what they belong to.
  void find_texts(const YamlFile& file) {
    std::unordered_map<const YamlNode*, std::uint32_t> indents;
    for (const YamlNode& node : file.nodes) {
      for (const auto& entry : node.entries) indents[entry.value] = entry.key_place.column;
      for (const YamlNode* item : node.items) indents[item] = node.place.column;
    }
    for (const YamlNode& node : file.nodes) {
      if (node.kind != YamlNode::Kind::kScalar || node.is_plain) continue;
      const char first = lines_.content_char(node.place);
      if (std::string_view("\"'|>").find(first) == std::string_view::npos) continue;
      const auto indent = indents.find(&node);
      texts_[lines_.content_offset(node.place)] = indent == indents.end() ? 0 : indent->second;
    }
  }

  [[nodiscard]] bool is_line_start(std::size_t at) const {
    return at == 0 || text_[at - 1] == '\n';
  }
  [[nodiscard]] bool is_free(std::size_t at) const {
    return at == 0 || kBlanks.find(text_[at - 1]) != std::string_view::npos;
  }

  void note_blank_line(std::size_t at) {
    const std::uint32_t number = lines_.line_at(at);
    if (without_end(lines_.line(number)).empty()) notes_.blank_lines.push_back(number);
  }

  // Returns where the line ends.
  std::size_t take_comment(std::size_t at) {
    const std::uint32_t number = lines_.line_at(at);
    const std::size_t start = lines_.start(number);
    const std::size_t end = std::min(text_.find('\n', at), text_.size());
    const bool is_own_line = without_end(text_.substr(start, at - start)).empty();
    notes_.comments.push_back({number, static_cast<std::uint32_t>(at - start + 1), is_own_line,
                               std::string(without_end(text_.substr(at, end - at)))});
    return end;
  }

  [[nodiscard]] std::size_t end_of_quotes(std::size_t at) const {
    const char quote = text_[at];
    for (++at; at < text_.size(); ++at) {
      if (text_[at] == '\\' && quote == '"') {
        ++at;
      } else if (text_[at] == quote) {
        // Twice is one quote inside single quotes.
        if (quote == '"' || at + 1 == text_.size() || text_[at + 1] != quote) return at + 1;
        ++at;
      }
    }
    return text_.size();
  }

  // Behind the last line of a block text; its head may have a comment.
  std::size_t end_of_block(std::size_t at, std::size_t least_indent) {
    std::uint32_t number = lines_.line_at(at);
    const std::size_t head_end = std::min(text_.find('\n', at), text_.size());
    std::size_t indent = 0;  // 0: that of its first line
    bool keeps_blanks = false;
    for (; at < head_end && text_[at] != '#'; ++at) {
      if (text_[at] >= '1' && text_[at] <= '9') {
        indent = least_indent + static_cast<std::size_t>(text_[at] - '1');
      }
      keeps_blanks = keeps_blanks || text_[at] == '+';
    }
    if (at < head_end) take_comment(at);
    std::uint32_t end = number + 1;
    for (++number; number <= lines_.count(); ++number) {
      const std::string_view line = lines_.line(number);
      const std::size_t content = std::min(line.find_first_not_of(' '), line.size());
      if (without_end(line).empty()) {
        if (keeps_blanks) end = number + 1;
        continue;
      }
      if (indent == 0) indent = std::max(content, least_indent);
      if (content < indent) break;
      end = number + 1;
    }
    return lines_.start(end);
  }

  std::string_view text_;
  const SourceLines& lines_;
  std::map<std::size_t, std::uint32_t> texts_;
  SourceNotes notes_;
};

}  // namespace

SourceLines::SourceLines(std::string_view text) : text_(text) {
  std::size_t characters = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (is_continuation(text[at])) continue;
    if (at == 0 || text[at - 1] == '\n') {
      starts_.push_back(at);
      characters_before_.push_back(characters);
    }
    if (characters % kStride == 0) offsets_.push_back(at);
    ++characters;
  }
}

std::string_view SourceLines::line(std::uint32_t number) const {
  if (number == 0 || number > starts_.size()) return {};
  const std::size_t start = starts_[number - 1];
  std::string_view line = text_.substr(start, text_.find('\n', start) - start);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

std::size_t SourceLines::start(std::uint32_t number) const {
  if (number == 0) return 0;
  return number > starts_.size() ? text_.size() : starts_[number - 1];
}

std::uint32_t SourceLines::line_at(std::size_t offset) const {
  return static_cast<std::uint32_t>(std::upper_bound(starts_.begin(), starts_.end(), offset) -
                                    starts_.begin());
}

std::size_t SourceLines::content_offset(Place place) const {
  if (place.line == 0 || place.line > starts_.size()) return text_.size();
  const std::size_t character = characters_before_[place.line - 1] + place.column - 1;
  if (character / kStride >= offsets_.size()) return text_.size();
  std::size_t at = offsets_[character / kStride];
  for (std::size_t left = character % kStride; left > 0 && at < text_.size(); --left) {
    ++at;
    while (at < text_.size() && is_continuation(text_[at])) ++at;
  }
  while (at < text_.size() && (text_[at] == '&' || text_[at] == '!')) {
    at = std::min(text_.find_first_of(kBlanks, at), text_.size());
    at = std::min(text_.find_first_not_of(kBlanks, at), text_.size());
  }
  return at;
}

char SourceLines::content_char(Place place) const {
  const std::size_t at = content_offset(place);
  return at < text_.size() ? text_[at] : '\0';
}

SourceNotes find_notes(std::string_view text, const SourceLines& lines, const YamlFile& file) {
  return NoteFinder(text, lines, file).find();
}

}  // namespace pawl::config
