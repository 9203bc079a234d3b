#include "model/expression_evaluation.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "model/expression_format.h"
#include "model/expression_pattern.h"

namespace pawl::expression {
namespace {

class Evaluator {
 public:
  Evaluator(const Tree& tree, const ExpressionContext& context, Steps& steps)
      : tree_(tree), context_(context), steps_(steps) {}

  Result<Operand> evaluate(NodeIndex index) {
    PAWL_CHECK(steps_.take(1));
    return std::visit([this](const auto& node) { return value_of(node); }, tree_.nodes[index]);
  }

 private:
  Result<Operand> value_of(const Literal& literal) { return Operand(&literal.value); }
  Result<Operand> value_of(const Path& path);
  Result<Operand> value_of(const Call& call);
  Result<Operand> value_of(const Not& negation);
  Result<Operand> value_of(const Choice& choice);
  Result<Operand> value_of(const Comparison& comparison);

  Result<bool> test(Function function, const Json& first, const Json& second);
  Result<std::string> format(const std::vector<NodeIndex>& arguments);

  const Tree& tree_;
  const ExpressionContext& context_;
  Steps& steps_;
};

Result<Operand> Evaluator::value_of(const Path& path) {
  const Json* value = &context_.roots[path.root];
  for (const auto& key : path.keys) {
    if (const Json* literal = std::get_if<Json>(&key)) {
      PAWL_TRY(value, member(*value, *literal, steps_));
    } else {
      PAWL_TRY(const Operand index, evaluate(std::get<NodeIndex>(key)));
      PAWL_TRY(value, member(*value, *index, steps_));
    }
  }
  return Operand(value);
}

Result<Operand> Evaluator::value_of(const Not& negation) {
  PAWL_TRY(const Operand operand, evaluate(negation.operand));
  return Operand(Json(!is_true(*operand)));
}

Result<Operand> Evaluator::value_of(const Choice& choice) {
  for (std::size_t i = 0;; ++i) {
    PAWL_TRY(Operand operand, evaluate(choice.operands[i]));
    if (i + 1 == choice.operands.size() || is_true(*operand) == choice.is_or) return operand;
  }
}

Result<Operand> Evaluator::value_of(const Comparison& comparison) {
  PAWL_TRY(Operand left, evaluate(comparison.first));
  for (const auto& [op, operand] : comparison.rest) {
    PAWL_TRY(const Operand right, evaluate(operand));
    PAWL_TRY(const bool holds, compare(op, *left, *right, steps_));
    left = Operand(Json(holds));
  }
  return left;
}

Result<Operand> Evaluator::value_of(const Call& call) {
  switch (call.function) {
    case Function::kSuccess:
      return Operand(Json(context_.success));
    case Function::kFailure:
      return Operand(Json(context_.failure));
    case Function::kAlways:
      return Operand(Json(true));
    case Function::kFormat: {
      PAWL_TRY(std::string text, format(call.arguments));
      return Operand(Json(std::move(text)));
    }
    case Function::kToJson: {
      PAWL_TRY(const Operand value, evaluate(call.arguments[0]));
      PAWL_TRY(std::string text, bounded_json(*value, steps_));
      return Operand(Json(std::move(text)));
    }
    case Function::kContains:
    case Function::kStartsWith:
    case Function::kEndsWith:
    case Function::kMatches:
      break;
  }
  PAWL_TRY(const Operand first, evaluate(call.arguments[0]));
  PAWL_TRY(const Operand second, evaluate(call.arguments[1]));
  PAWL_TRY(const bool holds, test(call.function, *first, *second));
  return Operand(Json(holds));
}

Result<bool> Evaluator::test(Function function, const Json& first, const Json& second) {
  if (function == Function::kContains) return contains(first, second, steps_);
  PAWL_CHECK(steps_.take_bytes(first.as_string().size() + second.as_string().size()));
  const std::optional<std::string> text = scalar_text(first);
  const std::optional<std::string> piece = scalar_text(second);
  if (!text || !piece) return false;
  if (function == Function::kStartsWith) return text->starts_with(*piece);
  if (function == Function::kEndsWith) return text->ends_with(*piece);
  return matches_regex(*text, *piece, steps_);
}

Result<std::string> Evaluator::format(const std::vector<NodeIndex>& arguments) {
  std::vector<std::string> texts;
  for (NodeIndex argument : arguments) {
    PAWL_TRY(const Operand value, evaluate(argument));
    PAWL_TRY(std::string text, bounded_text(*value, steps_));
    texts.push_back(std::move(text));
  }
  PAWL_TRY(std::string result, format_text(texts.front(), std::span(texts).subspan(1)));
  PAWL_CHECK(steps_.take_bytes(result.size()));
  return result;
}

}  // namespace

Result<Operand> evaluate(const Tree& tree, const ExpressionContext& context, Steps& steps) {
  return Evaluator(tree, context, steps).evaluate(tree.root);
}

}  // namespace pawl::expression
