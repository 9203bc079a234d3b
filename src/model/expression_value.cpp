// Numbers are compared exactly: a long double holds every int64 and every double. Searches are memmem's, which is
// linear; string_view::find is not.
#include "model/expression_value.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <limits>

#include "model/expression.h"

namespace pawl {

static_assert(std::numeric_limits<long double>::digits >= 64);

bool is_true(const Json& value) {
  if (value.is_null()) return false;
  if (value.is_bool()) return value.as_bool();
  if (value.is_number())
    return value.is_integer() ? value.as_integer() != 0 : value.as_double() != 0;
  if (value.is_string()) return !value.as_string().empty();
  return true;
}

std::string text_of(const Json& value) {
  if (value.is_null()) return {};
  if (value.is_string()) return value.as_string();
  if (!value.is_number() || value.is_integer()) return value.dump();
  // The shortest that reads back: 1.0 is "1", where JSON writes 1.0.
  std::array<char, 32> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value.as_double()).ptr;
  return std::string(text.data(), end);
}

namespace expression {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// JSON's grammar of numbers; from_chars alone would take "inf", "1." and ".5".
bool is_number(std::string_view text, bool& is_integer) {
  std::size_t at = text.starts_with('-') ? 1 : 0;
  const auto digits = [&] {
    const std::size_t first = at;
    while (at < text.size() && is_digit(text[at])) ++at;
    return at - first;
  };
  const std::size_t first = at;
  const std::size_t whole = digits();
  if (whole == 0 || (whole > 1 && text[first] == '0')) return false;
  is_integer = at == text.size();
  if (at < text.size() && text[at] == '.') {
    ++at;
    if (digits() == 0) return false;
  }
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    if (at < text.size() && (text[at] == '+' || text[at] == '-')) ++at;
    if (digits() == 0) return false;
  }
  return at == text.size();
}

std::optional<long double> exact(const Json& value) {
  if (value.is_integer()) return static_cast<long double>(value.as_integer());
  if (value.is_number()) return static_cast<long double>(value.as_double());
  const std::optional<Number> number = parse_number(value.as_string());
  if (!number) return std::nullopt;
  return number->is_integer ? static_cast<long double>(number->integer)
                            : static_cast<long double>(number->real);
}

template <typename T>
bool holds(Operator op, const T& a, const T& b) {
  switch (op) {
    case Operator::kEqual:
      return a == b;
    case Operator::kNotEqual:
      return a != b;
    case Operator::kLess:
      return a < b;
    case Operator::kLessOrEqual:
      return a <= b;
    case Operator::kGreater:
      return a > b;
    case Operator::kGreaterOrEqual:
      return a >= b;
  }
  return false;
}

Result<bool> are_equal_lists(const Json::Array& a, const Json::Array& b, Steps& steps) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    PAWL_TRY(const bool is_equal, are_equal(a[i], b[i], steps));
    if (!is_equal) return false;
  }
  return true;
}

// Whatever their order.
Result<bool> are_equal_objects(const Json& a, const Json& b, Steps& steps) {
  if (a.members().size() != b.members().size()) return false;
  for (const auto& [name, value] : a.members()) {
    PAWL_CHECK(steps.take(1 + b.members().size() / 64));
    if (!b.contains(name)) return false;
    PAWL_TRY(const bool is_equal, are_equal(value, b[name], steps));
    if (!is_equal) return false;
  }
  return true;
}

// A lower bound of the bytes it takes as JSON, counted no further than the limit.
Result<void> add_size(const Json& value, std::size_t& size, Steps& steps) {
  PAWL_CHECK(steps.take(1));
  size += 1 + value.as_string().size();
  if (size > limits::kExpressionValueBytes) return too_large();
  for (const Json& item : value.items()) PAWL_CHECK(add_size(item, size, steps));
  for (const auto& [name, item] : value.members()) {
    size += name.size();
    PAWL_CHECK(add_size(item, size, steps));
  }
  return {};
}

}  // namespace

Result<void> Steps::take(std::size_t count) {
  if (count > left_) {
    left_ = 0;
    return Error{
        ErrorKind::kTooLarge, "the expression takes too long over values of this size", {}};
  }
  left_ -= count;
  return {};
}

std::optional<Number> parse_number(std::string_view text) {
  Number number;
  if (!is_number(text, number.is_integer)) return std::nullopt;
  const char* const end = text.data() + text.size();
  if (number.is_integer) {
    if (std::from_chars(text.data(), end, number.integer).ec == std::errc()) return number;
    number.is_integer = false;
  }
  if (std::from_chars(text.data(), end, number.real).ec != std::errc()) return std::nullopt;
  return number;
}

Result<bool> are_equal(const Json& a, const Json& b, Steps& steps) {
  PAWL_CHECK(steps.take(1));
  if (a.is_string() && b.is_string()) {
    PAWL_CHECK(steps.take_bytes(a.as_string().size()));
    return a.as_string() == b.as_string();
  }
  if (a.is_array() && b.is_array()) return are_equal_lists(a.items(), b.items(), steps);
  if (a.is_object() && b.is_object()) return are_equal_objects(a, b, steps);
  if (a.is_number() || b.is_number()) {
    PAWL_CHECK(steps.take_bytes(a.as_string().size() + b.as_string().size()));
    const std::optional<long double> first = exact(a);
    return first && first == exact(b);
  }
  return a == b;  // null, true and false; other types are unequal
}

Result<bool> compare(Operator op, const Json& a, const Json& b, Steps& steps) {
  if (op == Operator::kEqual || op == Operator::kNotEqual) {
    PAWL_TRY(const bool is_equal, are_equal(a, b, steps));
    return is_equal == (op == Operator::kEqual);
  }
  PAWL_CHECK(steps.take_bytes(a.as_string().size() + b.as_string().size()));
  const std::optional<long double> first = exact(a);
  const std::optional<long double> second = exact(b);
  if (first && second) return holds(op, *first, *second);
  return a.is_string() && b.is_string() && holds(op, a.as_string(), b.as_string());
}

Result<const Json*> member(const Json& of, const Json& key, Steps& steps) {
  static const Json kNull;
  if (key.is_string()) {
    PAWL_CHECK(steps.take(1 + of.members().size() / 64));
    return &of[key.as_string()];
  }
  if (!key.is_number() || !of.is_array()) return &kNull;
  const double index = key.as_double();
  if (!(index >= 0) || index >= static_cast<double>(of.items().size())) return &kNull;
  const auto position = static_cast<std::size_t>(index);
  return static_cast<double>(position) == index ? &of.items()[position] : &kNull;
}

std::optional<std::string> scalar_text(const Json& value) {
  if (value.is_null() || value.is_array() || value.is_object()) return std::nullopt;
  return text_of(value);
}

Result<bool> contains(const Json& where, const Json& what, Steps& steps) {
  for (const Json& item : where.items()) {
    PAWL_TRY(const bool is_equal, are_equal(item, what, steps));
    if (is_equal) return true;
  }
  PAWL_CHECK(steps.take_bytes(where.as_string().size() + what.as_string().size()));
  const std::optional<std::string> text = scalar_text(where);
  const std::optional<std::string> piece = scalar_text(what);
  if (!text || !piece) return false;
  return memmem(text->data(), text->size(), piece->data(), piece->size()) != nullptr;
}

Result<void> check_size(const Json& value, Steps& steps) {
  if (value.is_array() || value.is_object()) {
    PAWL_TRY([[maybe_unused]] const std::string text, bounded_json(value, steps));
  }
  if (value.as_string().size() > limits::kExpressionValueBytes) return too_large();
  return {};
}

Result<std::string> bounded_text(const Json& value, Steps& steps) {
  if (value.is_array() || value.is_object()) return bounded_json(value, steps);
  PAWL_CHECK(check_size(value, steps));
  PAWL_CHECK(steps.take_bytes(value.as_string().size()));
  return text_of(value);
}

Result<std::string> bounded_json(const Json& value, Steps& steps) {
  std::size_t least_size = 0;
  PAWL_CHECK(add_size(value, least_size, steps));
  std::string text = value.dump();
  PAWL_CHECK(steps.take_bytes(text.size()));
  if (text.size() > limits::kExpressionValueBytes) return too_large();
  return text;
}

Error too_large() {
  return Error{
      ErrorKind::kTooLarge,
      "a value is larger than " + std::to_string(limits::kExpressionValueBytes / 1024) + " KiB",
      {}};
}

std::string shortened(std::string_view text) {
  constexpr std::size_t kShownBytes = 60;
  std::size_t size = std::min(text.size(), kShownBytes);
  // Not within a character of UTF-8.
  while (size > 0 && size < text.size() &&
         (static_cast<unsigned char>(text[size]) & 0xc0u) == 0x80u) {
    --size;
  }
  std::string result(text.substr(0, size));
  for (char& c : result) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  }
  return size < text.size() ? result + "…" : result;
}

}  // namespace expression
}  // namespace pawl
