// How a text is written as a YAML scalar so that it is read back as it was. Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace pawl::config {

// Without quotes it is this text, also inside brackets. Whether it is a text then, and not a number
// or null, is for the caller to know.
[[nodiscard]] bool is_plain_scalar(std::string_view text);
// In the quotes preferred if the text allows it; double ones take every text.
[[nodiscard]] std::string quoted_scalar(std::string_view text, char preferred_quote = '"');
// The head of a text of several lines ("|", "|-", "|+"); nothing where it cannot be one.
[[nodiscard]] std::optional<std::string_view> block_scalar_head(std::string_view text);

}  // namespace pawl::config
