// A text becomes parts: literal text, and the trees of its expressions. It is evaluated by walking the trees; bytecode would
// save nothing that an evaluation, done once for each start of a task, would notice.
#include "model/expression.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <variant>

#include "model/expression_evaluation.h"
#include "model/expression_parser.h"
#include "model/limits.h"

namespace pawl {

using expression::Operand;
using expression::Steps;

struct Template::Part {
  std::string text;                      // if there is no tree
  std::optional<expression::Tree> tree;  // of a ${{ }}
  std::size_t offset = 0;
};

namespace {

constexpr std::string_view kOpen = "${{";

Error at_byte(Error error, std::size_t offset) {
  error.context = "at byte " + std::to_string(offset + 1);
  return error;
}

bool is_status(expression::Function function) {
  return function == expression::Function::kSuccess || function == expression::Function::kFailure ||
         function == expression::Function::kAlways;
}

template <typename IsMeant>
bool calls(const expression::Tree& tree, IsMeant is_meant) {
  return std::any_of(tree.nodes.begin(), tree.nodes.end(), [&](const expression::Node& node) {
    const auto* call = std::get_if<expression::Call>(&node);
    return call != nullptr && is_meant(call->function);
  });
}

ExpressionPath path_of(const expression::Path& path) {
  ExpressionPath result{{path.root}, true, path.offset};
  for (const auto& key : path.keys) {
    const Json* const literal = std::get_if<Json>(&key);
    result.is_whole = literal != nullptr;
    if (literal == nullptr) break;
    result.segments.push_back(text_of(*literal));
  }
  return result;
}

Result<std::string> render_parts(const std::vector<Template::Part>& parts,
                                 const ExpressionContext& context, Steps& steps) {
  std::string result;
  for (const Template::Part& part : parts) {
    std::string evaluated;
    if (part.tree) {
      const Result<Operand> value = expression::evaluate(*part.tree, context, steps);
      if (!value) return at_byte(value.error(), part.offset);
      Result<std::string> text = expression::bounded_text(**value, steps);
      if (!text) return at_byte(text.error(), part.offset);
      evaluated = *std::move(text);
    }
    const std::string& text = part.tree ? evaluated : part.text;
    if (result.size() + text.size() > limits::kExpressionValueBytes) {
      return at_byte(expression::too_large(), part.offset);
    }
    result += text;
  }
  return result;
}

}  // namespace

Result<Template> Template::parse(std::string_view text, std::size_t* error_at) {
  std::vector<Part> parts;
  const auto add_literal = [&](std::string_view literal, std::size_t offset) {
    if (literal.empty()) return;
    if (parts.empty() || parts.back().tree) parts.push_back(Part{{}, std::nullopt, offset});
    parts.back().text += literal;
  };
  std::size_t offset = 0;
  while (offset < text.size()) {
    const std::size_t open = std::min(text.find(kOpen, offset), text.size());
    const bool is_escaped = open < text.size() && open > offset && text[open - 1] == '$';
    add_literal(text.substr(offset, open - offset - (is_escaped ? 1 : 0)), offset);
    if (open == text.size()) break;
    offset = open + kOpen.size();
    if (is_escaped) {
      add_literal(kOpen, open);
      continue;
    }
    std::size_t failed_at = 0;
    auto parsed = expression::parse_expression(text, offset, failed_at);
    if (!parsed) {
      if (error_at != nullptr) *error_at = failed_at;
      return at_byte(std::move(parsed).error(), failed_at);
    }
    parts.push_back(Part{{}, std::move(parsed->tree), open});
    offset = parsed->end;
  }
  Template result;
  result.parts_ = std::make_shared<const std::vector<Part>>(std::move(parts));
  return result;
}

bool Template::is_literal() const {
  return std::none_of(parts_->begin(), parts_->end(),
                      [](const Part& part) { return part.tree.has_value(); });
}

bool Template::is_single() const { return parts_->size() == 1 && parts_->front().tree; }

std::vector<ExpressionPath> Template::paths() const {
  std::vector<ExpressionPath> result;
  for (const Part& part : *parts_) {
    if (!part.tree) continue;
    for (const expression::Node& node : part.tree->nodes) {
      if (const auto* path = std::get_if<expression::Path>(&node)) result.push_back(path_of(*path));
    }
  }
  return result;
}

bool Template::asks_for_status() const {
  return std::any_of(parts_->begin(), parts_->end(),
                     [](const Part& part) { return part.tree && calls(*part.tree, is_status); });
}

bool Template::is_constant() const {
  const auto is_of_now = [](expression::Function function) {
    return is_status(function) || function == expression::Function::kMatches;
  };
  return is_single() && !calls(*parts_->front().tree, is_of_now) && paths().empty();
}

Result<std::string> Template::render(const ExpressionContext& context, std::size_t* steps) const {
  const std::size_t most = limits::kExpressionSteps;
  Steps own(steps == nullptr ? most : std::min(*steps, most));
  const std::size_t before = own.left();
  Result<std::string> result = render_parts(*parts_, context, own);
  if (steps != nullptr) *steps -= before - own.left();
  return result;
}

Result<Json> Template::value(const ExpressionContext& context) const {
  if (!is_single()) {
    PAWL_TRY(std::string text, render(context));
    return Json(std::move(text));
  }
  Steps steps;
  const Part& part = parts_->front();
  Result<Operand> value = expression::evaluate(*part.tree, context, steps);
  if (!value) return at_byte(std::move(value).error(), part.offset);
  if (Result<void> checked = expression::check_size(**value, steps); !checked) {
    return at_byte(std::move(checked).error(), part.offset);
  }
  return Json(**value);
}

}  // namespace pawl
