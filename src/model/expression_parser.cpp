// One function for each line of the grammar. They call each other only as deep as brackets are nested, which is bounded:
// "!!!!" and "a || b || c" are loops. What can be known without values is checked here, so that it is reported
// when the file is loaded: functions, how many values they take, regular expressions and formats.
#include "model/expression_parser.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <utility>

#include "base/log.h"
#include "base/spelling.h"
#include "model/expression_format.h"
#include "model/expression_lexer.h"
#include "model/expression_pattern.h"
#include "model/expression_value.h"
#include "model/limits.h"

namespace pawl::expression {
namespace {

constexpr std::size_t kAnyNumber = SIZE_MAX;

struct FunctionForm {
  std::string_view name;
  Function function;
  std::size_t least;
  std::size_t most;
};
constexpr std::array<FunctionForm, 9> kFunctions = {{
    {"contains", Function::kContains, 2, 2},
    {"startsWith", Function::kStartsWith, 2, 2},
    {"endsWith", Function::kEndsWith, 2, 2},
    {"matches", Function::kMatches, 2, 2},
    {"format", Function::kFormat, 1, kAnyNumber},
    {"toJSON", Function::kToJson, 1, 1},
    {"success", Function::kSuccess, 0, 0},
    {"failure", Function::kFailure, 0, 0},
    {"always", Function::kAlways, 0, 0},
}};

const FunctionForm* find_function(std::string_view name) {
  const auto found = std::find_if(kFunctions.begin(), kFunctions.end(),
                                  [&](const FunctionForm& form) { return form.name == name; });
  return found == kFunctions.end() ? nullptr : &*found;
}

std::string in_lower_case(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return result;
}

std::string unknown_function(std::string_view name) {
  std::array<std::string_view, kFunctions.size()> names;
  std::string all;
  std::string meant;
  for (std::size_t i = 0; i < names.size(); ++i) {
    names[i] = kFunctions[i].name;
    all.append(i == 0 ? "" : ", ").append(names[i]);
    if (in_lower_case(names[i]) == in_lower_case(name)) meant = names[i];
  }
  const std::string hint =
      meant.empty() ? did_you_mean(name, names) : "; did you mean '" + meant + "'?";
  return "there is no function '" + shortened(name) + "'" +
         (hint.empty() ? "; there are " + all : hint);
}

std::string wrong_arity(const FunctionForm& form, std::size_t given) {
  const std::string name(form.name);
  if (form.most == kAnyNumber) return name + " takes a text and the values that belong into it";
  const std::string takes = form.most == 0   ? "no value"
                            : form.most == 1 ? "1 value"
                                             : std::to_string(form.most) + " values";
  return name + " takes " + takes + ", not " + std::to_string(given);
}

// What other languages would have written.
std::string_view hint_for(std::string_view spelling) {
  if (spelling == "\"") return "; a text is written in single quotes";
  if (spelling == "=") return "; \"is equal\" is written ==";
  if (spelling == "&" || spelling == "and") return "; \"and\" is written &&";
  if (spelling == "|" || spelling == "or") return "; \"or\" is written ||";
  if (spelling == "not") return "; \"not\" is written !";
  if (spelling == "+") return "; texts are put together by format('{0}{1}', …)";
  return "";
}

std::string shown(const Token& token) {
  if (token.spelling.empty()) return "the end of the text";
  if (token.kind == TokenKind::kText) return shortened(token.spelling);
  if (token.kind == TokenKind::kBroken) return "'" + escape_control(token.spelling) + "'";
  return "'" + shortened(token.spelling) + "'";
}

class Parser {
 public:
  Parser(std::string_view text, std::size_t offset) : lexer_(text, offset), token_(lexer_.next()) {}

  Result<ParsedExpression> parse();
  [[nodiscard]] std::size_t error_at() const { return error_at_; }

 private:
  Result<NodeIndex> parse_nested();
  Result<NodeIndex> parse_or();
  Result<NodeIndex> parse_and();
  Result<NodeIndex> parse_equality();
  Result<NodeIndex> parse_compare();
  Result<NodeIndex> parse_unary();
  Result<NodeIndex> parse_primary();
  Result<NodeIndex> parse_named();
  Result<NodeIndex> parse_path(const Token& name);
  Result<NodeIndex> parse_call(const Token& name);
  Result<std::vector<NodeIndex>> parse_arguments(const FunctionForm& form);
  Result<void> check_call(const FunctionForm& form, const Call& call, const Token& name);

  template <typename ParseOperand>
  Result<NodeIndex> parse_choice(std::string_view symbol, bool is_or, ParseOperand parse_operand);
  template <typename ParseOperand>
  Result<NodeIndex> parse_comparison(
      std::span<const std::pair<std::string_view, Operator>> operators, ParseOperand parse_operand);

  [[nodiscard]] bool is_symbol(std::string_view symbol) const {
    return token_.kind == TokenKind::kSymbol && token_.spelling == symbol;
  }
  // The current token; the next one takes its place.
  Token advance() { return std::exchange(token_, lexer_.next()); }
  NodeIndex add(Node node) {
    tree_.nodes.push_back(std::move(node));
    return static_cast<NodeIndex>(tree_.nodes.size() - 1);
  }
  Error fail(std::size_t offset, ErrorKind kind, std::string message) {
    error_at_ = offset;
    return Error{kind, std::move(message), {}};
  }
  // The current token is not what belongs here.
  Error unexpected(const std::string& expected) {
    if (token_.kind == TokenKind::kBroken && lexer_.failure()) {
      return fail(token_.offset, lexer_.failure()->kind, lexer_.failure()->message);
    }
    return fail(token_.offset, ErrorKind::kInvalid,
                "expected " + expected + ", found " + shown(token_) +
                    std::string(hint_for(token_.spelling)));
  }

  Lexer lexer_;
  Token token_;
  Tree tree_;
  std::size_t depth_ = 0;
  std::size_t error_at_ = 0;
};

Result<ParsedExpression> Parser::parse() {
  PAWL_TRY(tree_.root, parse_or());
  if (token_.kind != TokenKind::kEnd) return unexpected("an operator or '}}'");
  return ParsedExpression{std::move(tree_), token_.offset + token_.spelling.size()};
}

// What stands between brackets.
Result<NodeIndex> Parser::parse_nested() {
  if (depth_ == limits::kExpressionDepth) {
    return fail(
        token_.offset, ErrorKind::kTooLarge,
        "brackets are nested deeper than " + std::to_string(limits::kExpressionDepth) + " levels");
  }
  ++depth_;
  Result<NodeIndex> node = parse_or();
  --depth_;
  return node;
}

template <typename ParseOperand>
Result<NodeIndex> Parser::parse_choice(std::string_view symbol, bool is_or,
                                       ParseOperand parse_operand) {
  PAWL_TRY(const NodeIndex first, parse_operand());
  Choice choice{is_or, {first}};
  while (is_symbol(symbol)) {
    advance();
    PAWL_TRY(const NodeIndex operand, parse_operand());
    choice.operands.push_back(operand);
  }
  return choice.operands.size() == 1 ? first : add(std::move(choice));
}

template <typename ParseOperand>
Result<NodeIndex> Parser::parse_comparison(
    std::span<const std::pair<std::string_view, Operator>> operators, ParseOperand parse_operand) {
  PAWL_TRY(const NodeIndex first, parse_operand());
  Comparison comparison{first, {}};
  for (;;) {
    const auto found = std::find_if(operators.begin(), operators.end(),
                                    [&](const auto& known) { return is_symbol(known.first); });
    if (found == operators.end()) break;
    advance();
    PAWL_TRY(const NodeIndex operand, parse_operand());
    comparison.rest.emplace_back(found->second, operand);
  }
  return comparison.rest.empty() ? first : add(std::move(comparison));
}

Result<NodeIndex> Parser::parse_or() {
  return parse_choice("||", true, [this] { return parse_and(); });
}

Result<NodeIndex> Parser::parse_and() {
  return parse_choice("&&", false, [this] { return parse_equality(); });
}

Result<NodeIndex> Parser::parse_equality() {
  static constexpr std::array<std::pair<std::string_view, Operator>, 2> kOperators = {
      {{"==", Operator::kEqual}, {"!=", Operator::kNotEqual}}};
  return parse_comparison(kOperators, [this] { return parse_compare(); });
}

Result<NodeIndex> Parser::parse_compare() {
  static constexpr std::array<std::pair<std::string_view, Operator>, 4> kOperators = {
      {{"<", Operator::kLess},
       {"<=", Operator::kLessOrEqual},
       {">", Operator::kGreater},
       {">=", Operator::kGreaterOrEqual}}};
  return parse_comparison(kOperators, [this] { return parse_unary(); });
}

Result<NodeIndex> Parser::parse_unary() {
  std::size_t nots = 0;
  for (; is_symbol("!"); advance()) ++nots;
  PAWL_TRY(NodeIndex node, parse_primary());
  if (nots == 0) return node;
  // "!!x" is not x, but whether it is true; more come to one of the two.
  for (std::size_t left = nots % 2 == 1 ? 1 : 2; left > 0; --left) node = add(Not{node});
  return node;
}

Result<NodeIndex> Parser::parse_primary() {
  if (token_.kind == TokenKind::kText || token_.kind == TokenKind::kNumber) {
    return add(Literal{advance().value});
  }
  if (token_.kind == TokenKind::kName) return parse_named();
  if (!is_symbol("(")) return unexpected("a value");
  advance();
  PAWL_TRY(const NodeIndex node, parse_nested());
  if (!is_symbol(")")) return unexpected("an operator or ')'");
  advance();
  return node;
}

Result<NodeIndex> Parser::parse_named() {
  const Token name = advance();
  if (is_symbol("(")) return parse_call(name);
  if (name.spelling == "null") return add(Literal{Json()});
  if (name.spelling == "true" || name.spelling == "false") {
    return add(Literal{Json(name.spelling == "true")});
  }
  if (find_function(name.spelling) != nullptr) {
    return unexpected("'(' after the function " + std::string(name.spelling));
  }
  return parse_path(name);
}

Result<NodeIndex> Parser::parse_path(const Token& name) {
  Path path{name.offset, std::string(name.spelling), {}};
  for (;;) {
    if (is_symbol(".")) {
      advance();
      if (token_.kind != TokenKind::kName) {
        return unexpected("a name after '.' (other keys are written as in ['my key'])");
      }
      path.keys.emplace_back(Json(advance().spelling));
    } else if (is_symbol("[")) {
      advance();
      PAWL_TRY(const NodeIndex index, parse_nested());
      if (!is_symbol("]")) return unexpected("an operator or ']'");
      advance();
      const auto* literal = std::get_if<Literal>(&tree_.nodes[index]);
      if (literal != nullptr && (literal->value.is_string() || literal->value.is_number())) {
        path.keys.emplace_back(literal->value);
      } else {
        path.keys.emplace_back(index);
      }
    } else {
      return add(std::move(path));
    }
  }
}

Result<NodeIndex> Parser::parse_call(const Token& name) {
  const FunctionForm* const form = find_function(name.spelling);
  if (form == nullptr) {
    return fail(name.offset, ErrorKind::kInvalid, unknown_function(name.spelling));
  }
  Call call{form->function, {}};
  PAWL_TRY(call.arguments, parse_arguments(*form));
  PAWL_CHECK(check_call(*form, call, name));
  return add(std::move(call));
}

Result<std::vector<NodeIndex>> Parser::parse_arguments(const FunctionForm& form) {
  std::vector<NodeIndex> arguments;
  advance();
  while (!is_symbol(")")) {
    if (!arguments.empty()) {
      if (!is_symbol(","))
        return unexpected("')' after the arguments of " + std::string(form.name));
      advance();
    }
    PAWL_TRY(const NodeIndex argument, parse_nested());
    arguments.push_back(argument);
  }
  advance();
  return arguments;
}

Result<void> Parser::check_call(const FunctionForm& form, const Call& call, const Token& name) {
  const std::size_t given = call.arguments.size();
  if (given < form.least || given > form.most) {
    return fail(name.offset, ErrorKind::kInvalid, wrong_arity(form, given));
  }
  const bool is_format = form.function == Function::kFormat;
  if (!is_format && form.function != Function::kMatches) return {};
  const auto* literal = std::get_if<Literal>(&tree_.nodes[call.arguments[is_format ? 0 : 1]]);
  if (literal == nullptr || !literal->value.is_string()) return {};
  const std::string& text = literal->value.as_string();
  Result<void> checked = is_format ? check_format(text, given - 1) : check_pattern(text);
  if (checked) return {};
  return fail(name.offset, checked.error().kind, checked.error().message);
}

}  // namespace

Result<ParsedExpression> parse_expression(std::string_view text, std::size_t offset,
                                          std::size_t& error_at) {
  Parser parser(text, offset);
  Result<ParsedExpression> result = parser.parse();
  error_at = parser.error_at();
  return result;
}

}  // namespace pawl::expression
