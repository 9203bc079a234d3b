// Problem: yaml-cpp reads a whole outermost flow collection into tokens before it reports its first
// event, because the collection might turn out to be a mapping's key. 256 KB of '[' become 60 MB.
// (Its block collections are reported as they are read, so the parser's own handler stops those.)
//
// Approach: a lexer of just what opens and closes flow collections: it steps over comments, quoted
// text, plain scalars and block scalars. Where YAML is subtle it errs towards counting less: what
// it lets through by mistake costs memory within the file's size limit and is then refused by the
// handler in yaml_parser.cpp, which is what keeps recursion shallow.
//
// Rejected: counting brackets byte by byte (scripts are full of unbalanced ones); leaving it to
// yaml-cpp's own guard (500 levels, and only after all tokens were made).
#include "config/yaml_flow_scan.h"

#include <cstdint>
#include <string>

#include "model/limits.h"

namespace pawl::config {
namespace {

bool is_blank(char c) { return c == ' ' || c == '\t'; }
bool is_line_end(char c) { return c == '\n' || c == '\r'; }
bool is_flow_indicator(char c) { return c == '[' || c == ']' || c == '{' || c == '}' || c == ','; }

class FlowScanner {
 public:
  explicit FlowScanner(std::string_view text) : text_(text) {}

  bool scan(ProblemList& problems) {
    while (at_ < text_.size()) {
      if (depth_ == 0 && at_ == line_start_) start_block_line();
      if (at_ < text_.size()) step();
      if (depth_ > limits::kYamlDepth) {
        problems.add(here(), "lists and mappings are nested more than " +
                                 std::to_string(limits::kYamlDepth) + " levels deep");
        return false;
      }
      if (members_ > limits::kYamlNodes) {
        problems.add(here(), "more than " + std::to_string(limits::kYamlNodes) + " values");
        return false;
      }
    }
    return true;
  }

 private:
  static constexpr std::int64_t kNone = -2;

  // Skips the indentation, and what belongs to a scalar that was started above.
  void start_block_line() {
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
    const auto indent = static_cast<std::int64_t>(at_ - line_start_);
    const bool is_empty = at_ == text_.size() || is_line_end(text_[at_]);
    const bool is_marker = indent == 0 && text_.substr(at_).starts_with("---");
    if (block_scalar_parent_ != kNone && (is_empty || indent > block_scalar_parent_)) {
      skip_to_line_end();
      return;
    }
    block_scalar_parent_ = kNone;
    if (plain_parent_ != kNone && !is_marker && (is_empty || indent > plain_parent_)) {
      skip_plain();
      return;
    }
    plain_parent_ = kNone;
    parent_column_ = indent > 0 ? indent : -1;
    if (is_marker) at_ += 3;
  }

  // One token, at a place where a value can start.
  void step() {
    const char c = text_[at_];
    if (c == '\n') {
      ++at_;
      ++line_;
      line_start_ = at_;
    } else if (is_blank(c) || c == '\r') {
      ++at_;
    } else if (c == '#' && (at_ == line_start_ || is_blank(text_[at_ - 1]))) {
      skip_to_line_end();
    } else if (c == '"' || c == '\'') {
      note_column();
      skip_quoted(c);
    } else if (c == '[' || c == '{') {
      ++depth_;
      ++members_;
      ++at_;
    } else if (c == ']' || c == '}') {
      if (depth_ > 0) --depth_;
      ++at_;
    } else if (c == ',') {
      if (depth_ > 0) ++members_;
      ++at_;
    } else if (c == '&' || c == '*' || c == '!') {
      skip_word();
    } else if (depth_ == 0 && (c == '|' || c == '>')) {
      block_scalar_parent_ = parent_column_;
      skip_to_line_end();
    } else if ((c == '-' || c == '?' || c == ':') && ends_token(at_ + 1)) {
      if (c != ':') note_column();
      ++at_;
    } else {
      start_plain();
    }
  }

  [[nodiscard]] bool ends_token(std::size_t at) const {
    return at >= text_.size() || is_blank(text_[at]) || is_line_end(text_[at]) ||
           (depth_ > 0 && is_flow_indicator(text_[at]));
  }

  // The content of a block scalar stands further right than this.
  void note_column() {
    if (depth_ == 0) parent_column_ = static_cast<std::int64_t>(at_ - line_start_);
  }

  void skip_to_line_end() {
    while (at_ < text_.size() && text_[at_] != '\n') ++at_;
  }

  void skip_word() {
    while (at_ < text_.size() && !ends_token(at_)) ++at_;
  }

  void skip_quoted(char quote) {
    for (++at_; at_ < text_.size(); ++at_) {
      const char c = text_[at_];
      if (c == '\n') {
        ++line_;
        line_start_ = at_ + 1;
      } else if (c == '\\' && quote == '"') {
        if (at_ + 1 < text_.size() && text_[at_ + 1] != '\n') ++at_;
      } else if (c == quote) {
        ++at_;
        return;
      }
    }
  }

  void start_plain() {
    const std::string_view indentation = text_.substr(line_start_, at_ - line_start_);
    const bool starts_line = indentation.find_first_not_of(' ') == std::string_view::npos;
    const std::int64_t parent =
        starts_line ? static_cast<std::int64_t>(indentation.size()) - 1 : parent_column_;
    note_column();
    skip_plain();
    const bool may_go_on = depth_ == 0 && (at_ == text_.size() || is_line_end(text_[at_]));
    plain_parent_ = may_go_on ? parent : kNone;
  }

  void skip_plain() {
    for (; at_ < text_.size() && !is_line_end(text_[at_]); ++at_) {
      const char c = text_[at_];
      if (c == ':' && ends_token(at_ + 1)) return;
      if (c == '#' && is_blank(text_[at_ - 1])) return;
      if (depth_ > 0 && is_flow_indicator(c)) return;
    }
  }

  [[nodiscard]] Place here() const {
    return {line_, static_cast<std::uint32_t>(at_ - line_start_)};
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t line_start_ = 0;
  std::uint32_t line_ = 1;
  std::size_t depth_ = 0;
  std::size_t members_ = 0;
  std::int64_t parent_column_ = -1;
  // A scalar that was started above goes on in lines indented further than this.
  std::int64_t block_scalar_parent_ = kNone;
  std::int64_t plain_parent_ = kNone;
};

}  // namespace

bool check_flow_collections(std::string_view text, ProblemList& problems) {
  return FlowScanner(text).scan(problems);
}

}  // namespace pawl::config
