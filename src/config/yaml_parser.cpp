// yaml-cpp's scanner and parser drive a YamlTreeBuilder. What yaml-cpp gets wrong, and what is done
// about it here:
//   - it recurses for each level: the builder throws at limits::kYamlDepth from the event that comes
//     before the recursion; what its scanner buffers before an event is bounded by
//     check_flow_collections();
//   - bytes it would reinterpret are refused by check_text();
//   - it reports a stray ',' as an empty document for ever, and takes `"a" "b"` for two documents:
//     each document but the first must begin with '---';
//   - its messages are those of its grammar: the common ones are put into the user's words.
#include "config/yaml_parser.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <array>
#include <optional>
#include <sstream>
#include <string>

#include "base/log.h"
#include "config/wording.h"
#include "config/yaml_flow_scan.h"
#include "config/yaml_text.h"
#include "config/yaml_tree_builder.h"

namespace pawl::config {
namespace {

// `text` starts with a scalar, perhaps behind an anchor and a tag, that is quoted and never closed.
bool ends_inside_quotes(std::string_view text) {
  while (text.starts_with('&') || text.starts_with('!')) {
    text.remove_prefix(std::min(text.find_first_of(" \t\r\n"), text.size()));
    text.remove_prefix(std::min(text.find_first_not_of(" \t\r\n"), text.size()));
  }
  if (!text.starts_with('"') && !text.starts_with('\'')) return false;
  const char quote = text.front();
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '\\' && quote == '"') {
      ++i;
    } else if (text[i] == quote) {
      // Twice is one quote inside single quotes.
      if (quote == '"' || i + 1 == text.size() || text[i + 1] != quote) return false;
      ++i;
    }
  }
  return true;
}

// Whether `lines` stand in `source` one below the other, each behind `indent` spaces.
bool stands_in(std::string_view source, std::string_view lines, std::size_t indent) {
  while (!lines.empty()) {
    const std::string_view line = lines.substr(0, lines.find('\n'));
    if (!line.empty()) {
      if (source.find_first_not_of(' ') < indent || source.size() < indent) return false;
      if (!source.substr(indent).starts_with(line)) return false;
    }
    lines.remove_prefix(std::min(line.size() + 1, lines.size()));
    source.remove_prefix(std::min(source.find('\n'), source.size() - 1) + 1);
    if (source.empty()) return lines.find_first_not_of('\n') == std::string_view::npos;
  }
  return true;
}

// YamlNode's text_place of a scalar at `place`, where the file goes on with `source`.
Place text_place(std::string_view source, std::string_view text, Place place) {
  if (source.starts_with('|')) {
    const std::size_t end = source.find('\n');
    if (end == std::string_view::npos) return {};
    source.remove_prefix(end + 1);
    const std::size_t first = source.find_first_not_of(" \r\n");
    if (first == std::string_view::npos) return {};
    const std::size_t line_start = source.substr(0, first).rfind('\n') + 1;  // npos + 1 == 0
    const std::size_t indent = first - line_start;
    if (!stands_in(source, text, indent)) return {};
    return {place.line + 1, static_cast<std::uint32_t>(indent) + 1};
  }
  const bool is_quoted = source.starts_with('"') || source.starts_with('\'');
  if (text.find('\n') != std::string_view::npos) return {};
  if (!source.substr(is_quoted ? 1 : 0).starts_with(text)) return {};
  return {place.line, place.column + (is_quoted ? 1 : 0)};
}

class EventAdapter final : public YAML::EventHandler {
 public:
  EventAdapter(std::string_view text, YamlTreeBuilder& builder, ProblemList& problems)
      : text_(text), columns_(text), builder_(builder), problems_(problems) {}

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ > 1 && !text_at(mark).starts_with("---")) {
      throw YamlRefusal{
          place(mark),
          "this belongs to nothing above it; a further document starts with a line '---'"};
    }
    builder_.start_document();
  }
  void OnDocumentEnd() override { builder_.end_document(); }

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    builder_.add_null(place_of_null(mark), anchor);
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    builder_.add_alias(place(mark), anchor);
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    check_tag(mark, tag, "str");
    last_scalar_ = mark;
    builder_.add_scalar(place(mark), anchor, value, tag == "?",
                        text_place(text_at(mark), value, place(mark)));
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value style) override {
    check_tag(mark, tag, "seq");
    builder_.start_collection(place(mark), anchor, YamlNode::Kind::kSequence,
                              style == YAML::EmitterStyle::Flow);
  }
  void OnSequenceEnd() override { builder_.end_collection(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value style) override {
    check_tag(mark, tag, "map");
    builder_.start_collection(place(mark), anchor, YamlNode::Kind::kMapping,
                              style == YAML::EmitterStyle::Flow);
  }
  void OnMapEnd() override { builder_.end_collection(); }

  // yaml-cpp takes a line end before the end of the file for closing quotes. Only the last scalar of
  // the file can be such a one.
  void check_last_quotes() {
    if (!last_scalar_ || !ends_inside_quotes(text_at(*last_scalar_))) return;
    problems_.add(place(*last_scalar_), "these quotes are never closed");
  }

  [[nodiscard]] Place place(const YAML::Mark& mark) const {
    if (mark.is_null()) return {1, 1};
    return {
        static_cast<std::uint32_t>(mark.line + 1),
        columns_.column(static_cast<std::size_t>(mark.pos), static_cast<std::size_t>(mark.column))};
  }

 private:
  [[nodiscard]] std::string_view text_at(const YAML::Mark& mark) const {
    return text_.substr(std::min(static_cast<std::size_t>(std::max(mark.pos, 0)), text_.size()));
  }

  // Where a list item is missing, yaml-cpp names the token that comes next: go back to the item's
  // '-'.
  [[nodiscard]] Place place_of_null(const YAML::Mark& mark) const {
    const std::string_view before = text_.substr(0, text_.size() - text_at(mark).size());
    const std::size_t dash = before.find_last_not_of(" \t\r\n");
    if (dash == std::string_view::npos || before[dash] != '-') return place(mark);
    const std::size_t line_start = before.rfind('\n', dash) + 1;  // npos + 1 == 0
    const auto lines_between =
        std::count(before.begin() + static_cast<std::ptrdiff_t>(dash), before.end(), '\n');
    return {static_cast<std::uint32_t>(mark.line + 1 - lines_between),
            columns_.column(dash, dash - line_start)};
  }

  void check_tag(const YAML::Mark& mark, const std::string& tag, std::string_view own_kind) {
    constexpr std::string_view kCore = "tag:yaml.org,2002:";
    if (tag.empty() || tag == "?" || tag == "!") return;
    if (tag.starts_with(kCore) && tag.substr(kCore.size()) == own_kind) return;
    problems_.add(place(mark), "the tag " + quoted(tag) + " is not supported; leave it out");
  }

  std::string_view text_;
  Columns columns_;
  YamlTreeBuilder& builder_;
  ProblemList& problems_;
  std::size_t documents_ = 0;
  std::optional<YAML::Mark> last_scalar_;
};

// The indentation of line `line` (from 1) has a tab in it.
bool is_indented_with_tab(std::string_view text, std::uint32_t line) {
  for (; line > 1 && !text.empty(); --line) {
    text.remove_prefix(std::min(text.find('\n'), text.size() - 1) + 1);
  }
  const std::size_t content = text.find_first_not_of(" \t");
  return text.substr(0, content).find('\t') != std::string_view::npos;
}

std::string explain(const std::string& message) {
  struct Explanation {
    std::string_view start;
    std::string_view meaning;
  };
  static const std::array<Explanation, 19> kExplanations = {{
      {YAML::ErrorMsg::MAP_VALUE,
       "':' does not fit here; check the indentation, or put text with ': ' in it into quotes"},
      {YAML::ErrorMsg::MAP_KEY, "'?' does not fit here; put text that starts with it into quotes"},
      {YAML::ErrorMsg::BLOCK_ENTRY,
       "'-' does not fit here; a list starts on a line of its own, and brackets must be closed"},
      {YAML::ErrorMsg::END_OF_MAP,
       "a key is expected here; check the indentation, and quotes that end too early"},
      {YAML::ErrorMsg::END_OF_SEQ,
       "a list item ('- ') is expected here; check the indentation, and quotes that end too early"},
      {YAML::ErrorMsg::END_OF_MAP_FLOW, "',' or '}' is expected here"},
      {YAML::ErrorMsg::END_OF_SEQ_FLOW, "',' or ']' is expected here"},
      {YAML::ErrorMsg::FLOW_END, "this bracket closes nothing"},
      {YAML::ErrorMsg::EOF_IN_SCALAR, "the file ends inside quotes that were opened above"},
      {YAML::ErrorMsg::DOC_IN_SCALAR, "'---' or '...' inside quotes that were opened above"},
      {YAML::ErrorMsg::UNKNOWN_TOKEN,
       "no value starts with this character; put the text into quotes"},
      {YAML::ErrorMsg::ALIAS_NOT_FOUND, "put text that starts with '*' into quotes"},
      {YAML::ErrorMsg::ANCHOR_NOT_FOUND, "put text that starts with '&' into quotes"},
      {YAML::ErrorMsg::CHAR_IN_ALIAS, "put text that starts with '*' into quotes"},
      {YAML::ErrorMsg::CHAR_IN_ANCHOR, "put text that starts with '&' into quotes"},
      {YAML::ErrorMsg::CHAR_IN_BLOCK, "nothing may follow '|' or '>' in its line"},
      {YAML::ErrorMsg::TAB_IN_INDENTATION, "a tab in the indentation; YAML takes spaces only"},
      {YAML::ErrorMsg::UNKNOWN_ANCHOR, "no anchor of this name (&name) stands above"},
      {YAML::ErrorMsg::INVALID_ESCAPE,
       "unknown escape after '\\' in double quotes; double the '\\' or use single quotes"},
  }};
  for (const Explanation& explanation : kExplanations) {
    if (message.starts_with(explanation.start)) return std::string(explanation.meaning);
  }
  return "not valid YAML: " + escape_control(std::string_view(message).substr(0, 200));
}

Problem syntax_problem(const YAML::ParserException& error, const EventAdapter& adapter,
                       const YamlTreeBuilder& builder, std::string_view text) {
  const Place place = adapter.place(error.mark);
  std::string message = explain(error.msg);
  const YamlTreeBuilder::OpenFlow* open = builder.open_flow();
  if (is_indented_with_tab(text, place.line)) {
    message = "a tab in the indentation; YAML takes spaces only";
  } else if (open != nullptr && open->place.line != place.line) {
    message += open->kind == YamlNode::Kind::kSequence ? "; '[' was opened" : "; '{' was opened";
    message += " in line " + std::to_string(open->place.line);
  }
  return {"", place.line, place.column, std::move(message)};
}

}  // namespace

YamlFile parse_yaml(std::string_view text, std::size_t max_bytes, ProblemList& problems) {
  YamlFile file;
  if (!check_text(text, max_bytes, problems)) return file;
  if (!check_flow_collections(text, problems)) return file;
  YamlTreeBuilder builder(file, problems);
  EventAdapter adapter(text, builder, problems);
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(adapter)) {
    }
    adapter.check_last_quotes();
  } catch (const YamlRefusal& refusal) {
    problems.add(refusal.place, refusal.message);
  } catch (const YAML::ParserException& error) {
    const Problem problem = syntax_problem(error, adapter, builder, text);
    problems.add({problem.line, problem.column}, problem.message);
  } catch (const YAML::Exception& error) {
    problems.add({}, explain(error.msg));
  } catch (const std::exception& error) {
    problems.add({}, std::string("yaml-cpp failed: ") + error.what());
  }
  // The document that was being read.
  if (!file.documents.empty() && file.documents.back() == nullptr) file.documents.pop_back();
  return file;
}

}  // namespace pawl::config
