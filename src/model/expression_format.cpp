#include "model/expression_format.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "model/expression_value.h"

namespace pawl::expression {
namespace {

struct Piece {
  std::string_view text;
  std::optional<std::size_t> value;
};

// Takes the next piece off `rest`: text without braces, a brace, or {N}.
Result<Piece> take_piece(std::string_view& rest, std::size_t values) {
  const auto take = [&](std::size_t size) {
    const std::string_view taken = rest.substr(0, size);
    rest.remove_prefix(size);
    return taken;
  };
  const std::size_t plain = std::min(rest.find_first_of("{}"), rest.size());
  if (plain > 0) return Piece{take(plain), {}};
  if (rest.starts_with("{{") || rest.starts_with("}}")) return Piece{take(2).substr(1), {}};
  const std::size_t close = rest.find('}');
  if (rest[0] == '}' || close == std::string_view::npos) {
    return Error{
        ErrorKind::kInvalid,
        std::string("format has a lone '") + rest[0] + "'; as a character it is written twice",
        {}};
  }
  const std::string_view between = take(close + 1).substr(1, close - 1);
  std::size_t number = 0;
  const char* const end = between.data() + between.size();
  const auto [parsed_to, code] = std::from_chars(between.data(), end, number);
  if (code != std::errc() || parsed_to != end || between.empty()) {
    return Error{ErrorKind::kInvalid,
                 "format has {" + shortened(between) +
                     "} where a number belongs, as in {0}; as a character '{' is written twice",
                 {}};
  }
  if (number >= values) {
    return Error{ErrorKind::kInvalid,
                 "format has {" + shortened(between) + "} but " +
                     (values == 0 ? "no value"
                                  : "only " + std::to_string(values) + " value" +
                                        (values == 1 ? "" : "s, from {0} on")) +
                     (values == 1 ? ", which is {0}" : ""),
                 {}};
  }
  return Piece{{}, number};
}

}  // namespace

Result<void> check_format(std::string_view format, std::size_t values) {
  while (!format.empty()) {
    PAWL_TRY([[maybe_unused]] const Piece piece, take_piece(format, values));
  }
  return {};
}

Result<std::string> format_text(std::string_view format, std::span<const std::string> values) {
  std::string result;
  while (!format.empty()) {
    PAWL_TRY(const Piece piece, take_piece(format, values.size()));
    const std::string_view text = piece.value ? std::string_view(values[*piece.value]) : piece.text;
    if (result.size() + text.size() > limits::kExpressionValueBytes) return too_large();
    result += text;
  }
  return result;
}

}  // namespace pawl::expression
