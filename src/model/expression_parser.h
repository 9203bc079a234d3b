// Text between "${{" and "}}" to a tree; expression.h has the grammar. Linear. Internal to expression*.cpp.
#pragma once

#include <cstddef>
#include <string_view>

#include "base/result.h"
#include "model/expression_tree.h"

namespace pawl::expression {

struct ParsedExpression {
  Tree tree;
  std::size_t end = 0;  // in the text, behind the "}}"
};

// Parses from `offset` on, behind a "${{". Errors: kInvalid, kTooLarge; `error_at` is then where in the text.
[[nodiscard]] Result<ParsedExpression> parse_expression(std::string_view text, std::size_t offset,
                                                        std::size_t& error_at);

}  // namespace pawl::expression
