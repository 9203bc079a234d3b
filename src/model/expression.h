// ${{ }} in texts (SPEC §1): a small language of our own, parsed once and evaluated over a JSON value. Pure values; any
// thread. Hostile input: time and memory are bounded by limits::kExpression*, no recursion deeper than
// kExpressionDepth, and `matches` takes linear time (RE2 syntax).
//
//   or      = and { "||" and }                   equality = compare { ("==" | "!=") compare }
//   and     = equality { "&&" equality }         compare  = unary { ("<" | "<=" | ">" | ">=") unary }
//   unary   = { "!" } primary
//   primary = literal | path | name "(" [ or { "," or } ] ")" | "(" or ")"
//   literal = null | true | false | number | 'text', in which '' is a quote
//   path    = name { "." name | "[" or "]" }     name = [A-Za-z_][A-Za-z0-9_-]*
//
// Values are JSON's. What is not there is null, and so is a member of what is no object. Text is true unless it is
// empty, a number unless it is 0, null is false, lists and objects are true. `&&` and `||` give the operand that
// decided, as in JavaScript. == compares within one type, numbers by value; between a number and a text that
// is one, by value; all else is unequal. < <= > >= compare two numbers (or texts that are numbers), or two texts by
// their bytes; anything else is false.
//
// To the first four functions a number, true or false is its text; with null, or a list or object other than the list
// that contains() looks through, they are false.
//
//   contains(where, what)   text in text, or an item equal to `what` in a list     startsWith endsWith (text, text)
//   matches(text, regex)    somewhere in the text                                   format('{0} of {1}', ...)  {{ is {
//   toJSON(value)           success() failure() always()
//
// In a text, an expression's value is pasted as text: null as nothing, lists and objects as JSON. "$${{" stands for
// "${{" itself; any other "$" is left alone.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace pawl {

struct ExpressionContext {
  Json roots =
      Json::object();   // params, matrix, env, run, host, payload, tasks: those that are known
  bool success = true;  // what success() and failure() say
  bool failure = false;
};

// A path that an expression names, with the literal part of its segments: tasks.build.outputs.version, or
// params['level']. A computed index ends it.
struct ExpressionPath {
  std::vector<std::string> segments;  // at least the root
  bool is_whole = true;               // false: a computed index follows
  std::size_t offset = 0;             // in the text, in bytes
};

// A text with any number of ${{ }} in it.
class Template {
 public:
  // Errors: kInvalid, kTooLarge; the message says what was expected, the context is "at byte N" of the text, from 1 on;
  // `error_at`, if given, is then the offset. A pattern that is too large shows only when it is matched.
  [[nodiscard]] static Result<Template> parse(std::string_view text,
                                              std::size_t* error_at = nullptr);

  [[nodiscard]] bool is_literal() const;  // no ${{ }} at all
  [[nodiscard]] bool is_single() const;   // one ${{ }} and nothing around it
  [[nodiscard]] std::vector<ExpressionPath> paths() const;
  // Of success, failure, always: whether the text calls any.
  [[nodiscard]] bool asks_for_status() const;
  // A single expression without paths, status functions and matches(): its value is known beforehand, and soon.
  [[nodiscard]] bool is_constant() const;

  // Errors: kInvalid (a bad regex or format text that was not literal), kTooLarge (also the time it takes). The
  // context is where its ${{ begins. `steps`, if given, is what several evaluations share, such as those of one file, and
  // what is left of it afterwards; no single one has more than limits::kExpressionSteps.
  [[nodiscard]] Result<std::string> render(const ExpressionContext& context,
                                           std::size_t* steps = nullptr) const;
  // The value of a single expression; of any other text, the rendered text.
  [[nodiscard]] Result<Json> value(const ExpressionContext& context) const;

  struct Part;  // expression.cpp's own

 private:
  Template() = default;  // parse() gives it its parts

  std::shared_ptr<const std::vector<Part>> parts_;
};

[[nodiscard]] bool is_true(const Json& value);
// As it is pasted into a text.
[[nodiscard]] std::string text_of(const Json& value);

}  // namespace pawl
