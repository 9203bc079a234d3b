// Which word was meant: for messages about unknown ones. Pure; any thread.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace pawl {

// The candidate that `text` was most likely meant to be: few typing errors away, the first of
// several equally near. Bounded time: long texts have none.
[[nodiscard]] std::optional<std::string_view> closest(std::string_view text,
                                                      std::span<const std::string_view> candidates);
// "; did you mean 'x'?", or nothing.
[[nodiscard]] std::string did_you_mean(std::string_view text,
                                       std::span<const std::string_view> candidates);

}  // namespace pawl
