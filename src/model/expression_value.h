// What operators and functions do with values; expression.h has the rules. All but parse_number take steps, so
// that no value, however large the payload it comes from, is looked at for long. Recursion is as deep as the
// values, which come from JSON of bounded depth. Internal to expression*.cpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"
#include "model/expression_tree.h"
#include "model/limits.h"

namespace pawl::expression {

// What one evaluation may still do; a step is some 0.1 to 1 us.
class Steps {
 public:
  explicit Steps(std::size_t left = limits::kExpressionSteps) : left_(left) {}
  // Errors: kTooLarge; then none are left.
  [[nodiscard]] Result<void> take(std::size_t count);
  // For looking at `bytes` of text once.
  [[nodiscard]] Result<void> take_bytes(std::size_t bytes) { return take(bytes / 256); }
  [[nodiscard]] std::size_t left() const { return left_; }

 private:
  std::size_t left_;
};

struct Number {
  bool is_integer = false;
  std::int64_t integer = 0;  // which of the two counts, is_integer says
  double real = 0;
};
// A number as JSON writes it, and nothing else around it; none when it is too large for a double.
[[nodiscard]] std::optional<Number> parse_number(std::string_view text);

[[nodiscard]] Result<bool> are_equal(const Json& a, const Json& b, Steps& steps);
[[nodiscard]] Result<bool> compare(Operator op, const Json& a, const Json& b, Steps& steps);

// Null where it is missing, or where `of` has no such thing as members (or items, for a number).
[[nodiscard]] Result<const Json*> member(const Json& of, const Json& key, Steps& steps);

// What a text function sees of a value: a text, number, true or false as text; of others, nothing.
[[nodiscard]] std::optional<std::string> scalar_text(const Json& value);
[[nodiscard]] Result<bool> contains(const Json& where, const Json& what, Steps& steps);

// text_of() and JSON; kTooLarge over limits::kExpressionValueBytes, before much more than that is built.
[[nodiscard]] Result<std::string> bounded_text(const Json& value, Steps& steps);
[[nodiscard]] Result<std::string> bounded_json(const Json& value, Steps& steps);
[[nodiscard]] Result<void> check_size(const Json& value, Steps& steps);
[[nodiscard]] Error too_large();

// For messages: one line, cut off after some 60 bytes.
[[nodiscard]] std::string shortened(std::string_view text);

}  // namespace pawl::expression
