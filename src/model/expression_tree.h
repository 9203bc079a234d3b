// A parsed expression (expression.h has the language): nodes in one vector that name each other by index, so that
// neither copying nor destroying one recurses. Chains of one precedence are one node: "a || b || c || …" is
// as deep as "a || b". Values; any thread. Internal to expression*.cpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/json.h"

namespace pawl::expression {

enum class Function : unsigned char {
  kContains,
  kStartsWith,
  kEndsWith,
  kMatches,
  kFormat,
  kToJson,
  kSuccess,
  kFailure,
  kAlways,
};

enum class Operator : unsigned char {
  kEqual,
  kNotEqual,
  kLess,
  kLessOrEqual,
  kGreater,
  kGreaterOrEqual,
};

using NodeIndex = std::uint32_t;

struct Literal {
  Json value;
};
struct Path {
  std::size_t offset = 0;                           // in the text
  std::string root;                                 // its first name
  std::vector<std::variant<Json, NodeIndex>> keys;  // Json: a text, or a number between brackets
};
struct Call {
  Function function = Function::kAlways;
  std::vector<NodeIndex> arguments;
};
struct Not {
  NodeIndex operand = 0;
};
struct Choice {
  bool is_or = false;
  std::vector<NodeIndex> operands;
};
struct Comparison {
  NodeIndex first = 0;
  std::vector<std::pair<Operator, NodeIndex>> rest;  // from left to right
};
using Node = std::variant<Literal, Path, Call, Not, Choice, Comparison>;

struct Tree {
  std::vector<Node> nodes;
  NodeIndex root = 0;
};

}  // namespace pawl::expression
