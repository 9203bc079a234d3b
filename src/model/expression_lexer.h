// The words of one ${{ }}. Linear: each byte is looked at once. Internal to expression*.cpp.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"

namespace pawl::expression {

enum class TokenKind : unsigned char {
  kName,
  kText,
  kNumber,
  kSymbol,  // an operator, bracket, comma or dot
  kEnd,     // }}
  kBroken,  // none of the language's; Lexer::failure() may say more
};

struct Token {
  TokenKind kind = TokenKind::kBroken;
  std::string_view spelling;  // as written; empty: the text is at its end
  std::size_t offset = 0;     // in the text
  Json value;                 // of kText and kNumber
};

class Lexer {
 public:
  // Begins at `offset`, behind a "${{". The text must outlive the lexer and its tokens.
  Lexer(std::string_view text, std::size_t offset);

  [[nodiscard]] Token next();
  // What is wrong with the token that was kBroken, where that is more than its being unexpected.
  [[nodiscard]] const std::optional<Error>& failure() const { return failure_; }
  // Behind the last token.
  [[nodiscard]] std::size_t offset() const { return offset_; }

 private:
  [[nodiscard]] Token read();
  [[nodiscard]] Token read_text();
  [[nodiscard]] Token read_number();
  [[nodiscard]] Token take(TokenKind kind, std::size_t size);
  [[nodiscard]] Token broken(Token token, ErrorKind kind, std::string message);

  const std::string_view text_;
  const std::size_t start_;
  std::size_t offset_;
  std::optional<Error> failure_;
};

}  // namespace pawl::expression
