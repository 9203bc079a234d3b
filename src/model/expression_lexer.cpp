#include "model/expression_lexer.h"

#include <algorithm>
#include <array>
#include <utility>

#include "model/expression_value.h"
#include "model/limits.h"

namespace pawl::expression {
namespace {

constexpr std::array<std::string_view, 15> kSymbols = {"||", "&&", "==", "!=", "<=", ">=", "<", ">",
                                                       "!",  "(",  ")",  "[",  "]",  ",",  "."};

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_in_name(char c) { return is_letter(c) || is_digit(c) || c == '-'; }
bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

// Bytes of the UTF-8 character that `text` begins with, so that a message shows it whole.
std::size_t character_size(std::string_view text) {
  std::size_t size = 1;
  while (size < text.size() && size < 4 &&
         (static_cast<unsigned char>(text[size]) & 0xc0u) == 0x80u) {
    ++size;
  }
  return size;
}

}  // namespace

Lexer::Lexer(std::string_view text, std::size_t offset)
    : text_(text), start_(offset), offset_(offset) {}

Token Lexer::next() {
  while (offset_ < text_.size() && is_blank(text_[offset_])) ++offset_;
  Token token = read();
  if (token.offset - start_ + (token.kind == TokenKind::kEnd ? 0 : token.spelling.size()) >
      limits::kExpressionBytes) {
    return broken(
        std::move(token), ErrorKind::kTooLarge,
        "an expression has at most " + std::to_string(limits::kExpressionBytes) + " bytes");
  }
  return token;
}

Token Lexer::read() {
  const std::string_view rest = text_.substr(offset_);
  if (rest.empty()) return take(TokenKind::kBroken, 0);
  if (rest.starts_with("}}")) return take(TokenKind::kEnd, 2);
  if (rest[0] == '\'') return read_text();
  if (is_digit(rest[0]) || rest[0] == '-') return read_number();
  if (is_letter(rest[0])) {
    const auto end = std::find_if_not(rest.begin(), rest.end(), is_in_name);
    return take(TokenKind::kName, static_cast<std::size_t>(end - rest.begin()));
  }
  for (std::string_view symbol : kSymbols) {
    if (rest.starts_with(symbol)) return take(TokenKind::kSymbol, symbol.size());
  }
  return take(TokenKind::kBroken, character_size(rest));
}

Token Lexer::read_text() {
  std::string value;
  std::size_t end = offset_ + 1;
  for (;;) {
    const std::size_t quote = text_.find('\'', end);
    if (quote == std::string_view::npos) {
      return broken(take(TokenKind::kBroken, 1), ErrorKind::kInvalid,
                    "this ' begins a text that does not end (a quote inside one is written '')");
    }
    value += text_.substr(end, quote - end);
    end = quote + 1;
    if (end >= text_.size() || text_[end] != '\'') break;
    value += '\'';
    ++end;
  }
  Token token = take(TokenKind::kText, end - offset_);
  token.value = std::move(value);
  return token;
}

Token Lexer::read_number() {
  std::size_t end = offset_ + 1;
  while (end < text_.size()) {
    const bool is_sign = text_[end] == '+' || text_[end] == '-';
    const bool is_exponent = text_[end - 1] == 'e' || text_[end - 1] == 'E';
    if (!is_letter(text_[end]) && !is_digit(text_[end]) && text_[end] != '.' &&
        !(is_sign && is_exponent)) {
      break;
    }
    ++end;
  }
  Token token = take(TokenKind::kNumber, end - offset_);
  const std::optional<Number> number = parse_number(token.spelling);
  if (!number) {
    const std::string shown = shortened(token.spelling);
    return broken(std::move(token), ErrorKind::kInvalid, "'" + shown + "' is no number");
  }
  token.value = number->is_integer ? Json(number->integer) : Json(number->real);
  return token;
}

Token Lexer::take(TokenKind kind, std::size_t size) {
  Token token{kind, text_.substr(offset_, size), offset_, Json()};
  offset_ += size;
  return token;
}

Token Lexer::broken(Token token, ErrorKind kind, std::string message) {
  token.kind = TokenKind::kBroken;
  failure_ = Error{kind, std::move(message), {}};
  return token;
}

}  // namespace pawl::expression
