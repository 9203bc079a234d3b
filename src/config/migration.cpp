// The text is cut into documents at the lines that start with '---', which YAML allows nowhere else.
// The result is parsed again and compared with what was meant: a file that runs on hosts must not
// change its meaning by being printed.
#include "config/migration.h"

#include <algorithm>
#include <vector>

#include "config/dialect.h"
#include "config/dialect_trigger.h"
#include "config/problem_list.h"
#include "config/source_notes.h"
#include "config/yaml_emitter.h"
#include "config/yaml_parser.h"
#include "model/limits.h"

namespace pawl::config {
namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
constexpr std::string_view kMarker = "---";

bool starts_document(std::string_view line) {
  if (!line.starts_with(kMarker)) return false;
  line.remove_prefix(kMarker.size());
  return line.empty() || line.front() == ' ' || line.front() == '\t';
}

struct Part {
  std::uint32_t first_line;
  std::uint32_t last_line;
  bool has_marker;
};

std::vector<Part> parts_of(const SourceLines& lines) {
  std::vector<Part> parts;
  for (std::uint32_t number = 1; number <= lines.count(); ++number) {
    const bool has_marker = starts_document(lines.line(number));
    if (has_marker || parts.empty()) parts.push_back({number, number, has_marker});
    parts.back().last_line = number;
  }
  return parts;
}

std::string with_crlf(const std::string& text) {
  std::string result;
  for (char c : text) {
    if (c == '\n') result += '\r';
    result += c;
  }
  return result;
}

Error failure(ProblemList& problems, std::string_view text) {
  const std::vector<Problem> all = problems.take();
  return {
      ErrorKind::kInvalid, std::string(text) + (all.empty() ? "" : ": " + all.front().message), {}};
}

Result<std::string> checked(std::string text, const std::vector<const YamlNode*>& meant) {
  ProblemList problems("");
  YamlFile file = parse_yaml(text, limits::kPipelineFileBytes, problems);
  if (!problems.empty()) return failure(problems, "today's form of it cannot be read");
  const bool is_same =
      std::equal(meant.begin(), meant.end(), file.documents.begin(), file.documents.end(),
                 [&](const YamlNode* a, const YamlNode* b) {
                   return is_same_value(*a, *b) && &to_todays_form(file, *b, problems) == b;
                 });
  if (!is_same) return failure(problems, "today's form of it would not say the same");
  return text;
}

}  // namespace

Result<std::string> migrate_pipeline_file(std::string_view text) {
  ProblemList problems("");
  YamlFile file = parse_yaml(text, limits::kPipelineFileBytes, problems);
  if (!problems.empty()) return failure(problems, "the file cannot be read");
  const std::string original(text);
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  const SourceLines lines(text);
  const SourceNotes notes = find_notes(text, lines, file);
  const std::vector<const YamlNode*> written = file.documents;
  std::vector<const YamlNode*> documents;
  for (const YamlNode* document : written) {
    documents.push_back(&to_todays_form(file, *document, problems));
  }
  if (!problems.empty()) return failure(problems, "the file has problems");
  if (documents == written) return original;

  std::string out;
  for (const Part& part : parts_of(lines)) {
    const auto inside = [&](const YamlNode* document) {
      return document->kind == YamlNode::Kind::kMapping &&
             document->place.line >= part.first_line && document->place.line <= part.last_line;
    };
    const auto found = std::find_if(written.begin(), written.end(), inside);
    const auto index = static_cast<std::size_t>(found - written.begin());
    if (found == written.end() || documents[index] == *found) {
      const std::size_t start = lines.start(part.first_line);
      out += text.substr(start, lines.start(part.last_line + 1) - start);
      continue;
    }
    std::string printed = part.has_marker ? "---\n" : "";
    printed +=
        emit_document(*documents[index], **found, {lines, notes, part.first_line, part.last_line});
    out += text.find("\r\n") == std::string_view::npos ? printed : with_crlf(printed);
  }
  return checked(std::move(out), documents);
}

}  // namespace pawl::config
