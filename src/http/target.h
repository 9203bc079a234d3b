// Percent-encoding, paths and query strings (RFC 3986; queries as HTML forms write them). Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace pawl::http {

// Nothing for a broken escape ("%", "%4", "%zz") or an encoded NUL.
[[nodiscard]] std::optional<std::string> percent_decode(std::string_view text,
                                                        bool plus_is_space = false);

// "/api/v1/runs" → {"api", "v1", "runs"}, each decoded after the split, so that %2F is no separator.
// "/" → {""}. kInvalid: a broken escape.
[[nodiscard]] Result<std::vector<std::string>> split_path(std::string_view path);

// The query's parameters, in order. kInvalid: a broken escape, a name that is repeated, or more
// than limits::kHttpQueryParameters of them.
using QueryParameters = std::vector<std::pair<std::string, std::string>>;
[[nodiscard]] Result<QueryParameters> parse_query(std::string_view query);

}  // namespace pawl::http
