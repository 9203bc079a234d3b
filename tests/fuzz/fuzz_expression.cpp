// Template: whatever the text, parsing and evaluating end, within the bounds, with the same answer each time.
#include <string>

#include "fuzz_target.h"
#include "model/expression.h"
#include "model/limits.h"

using namespace pawl;

namespace {

// The longest message quotes 60 bytes and names every function.
constexpr std::size_t kMessageBytes = 300;

const ExpressionContext& fixed_context() {
  static const ExpressionContext context = [] {
    Result<Json> roots = Json::parse(R"({
      "params": {"level": "full", "count": 3, "ratio": 1.5, "dry": false, "empty": "", "ref": "refs/heads/main"},
      "matrix": {"region": "eu", "python": "3.11"},
      "env": {"NAME": "level", "I": "0", "FORMAT": "{0}{0}{0}{0}", "PATTERN": "(a?){200}b"},
      "run": {"id": "r1", "pipeline": "p", "attempt": 2, "status": "failed", "scheduled_at": null},
      "host": {"name": "edge-01", "labels": {"site": "berlin"}},
      "payload": {"ref": "refs/heads/main", "commits": [{"id": "a1", "message": "x"}, {"id": "b2"}],
                  "labels": ["bug", 7, true, null, {"a": [1, 2.0, "3"]}], "odd key": "\u00e4\u0001"},
      "tasks": {"build": {"outputs": {"version": "1.2", "all": ["1", "2"]}, "status": "success"}}})");
    PAWL_ASSERT(roots.ok());
    ExpressionContext result;
    result.roots = *std::move(roots);
    Json payload = result.roots["payload"];
    // Large enough for every bound to be met.
    payload.set("text", std::string(60'000, 'a'));
    Json list = Json::array();
    for (int i = 0; i < 20'000; ++i) list.push(i);
    payload.set("list", std::move(list));
    result.roots.set("payload", std::move(payload));
    return result;
  }();
  return context;
}

void check_error(const Error& error) {
  PAWL_ASSERT(error.kind == ErrorKind::kInvalid || error.kind == ErrorKind::kTooLarge);
  check_message(error.message, kMessageBytes);
  PAWL_ASSERT(error.context.starts_with("at byte "));
}

void check_description(const Template& parsed, std::string_view text) {
  PAWL_ASSERT(!(parsed.is_literal() && parsed.is_single()));
  PAWL_ASSERT(!parsed.is_constant() || (parsed.is_single() && !parsed.asks_for_status()));
  for (const ExpressionPath& path : parsed.paths()) {
    PAWL_ASSERT(!path.segments.empty());
    PAWL_ASSERT(text.substr(path.offset).starts_with(path.segments.front()));
    PAWL_ASSERT(!parsed.is_constant());
  }
}

void check_values(const Template& parsed) {
  const ExpressionContext& context = fixed_context();
  const Result<std::string> rendered = parsed.render(context);
  if (rendered) {
    PAWL_ASSERT(rendered->size() <= limits::kExpressionValueBytes);
    PAWL_ASSERT(*parsed.render(context) == *rendered);
  } else {
    check_error(rendered.error());
  }
  const Result<Json> value = parsed.value(context);
  if (!value) return check_error(value.error());
  PAWL_ASSERT(text_of(*value).size() <= limits::kExpressionValueBytes);
  if (rendered) PAWL_ASSERT(text_of(*value) == *rendered);
  if (parsed.is_constant()) PAWL_ASSERT(*parsed.value(ExpressionContext()) == *value);
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = text_of_input(data, size);
  std::size_t error_at = 0;
  const Result<Template> parsed = Template::parse(text, &error_at);
  if (!parsed) {
    PAWL_ASSERT(error_at <= text.size());
    check_error(parsed.error());
    return 0;
  }
  check_description(*parsed, text);
  check_values(*parsed);
  if (text.find("${{") == std::string_view::npos) {
    PAWL_ASSERT(*parsed->render(fixed_context()) == text ||
                text.size() > limits::kExpressionValueBytes);
  }
  return 0;
}
