// What the values of arguments may be. Each check returns "" or what is wrong. Pure.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pawl::cli {

// Digits only, from 1 to `max`.
[[nodiscard]] std::optional<std::uint32_t> parse_count(std::string_view text, std::uint32_t max);
[[nodiscard]] std::function<std::string(const std::string&)> check_count(std::uint32_t max);
[[nodiscard]] std::function<std::string(const std::string&)> check_one_of(
    std::vector<std::string> allowed);
// "a, b, c"
[[nodiscard]] std::string joined(const std::vector<std::string>& all);

[[nodiscard]] std::string check_run_id(const std::string& text);
// A word that could be a name; whether it exists is the agent's to say.
[[nodiscard]] std::string check_word(const std::string& text);
// As the API takes it: it travels as a header's value.
[[nodiscard]] std::string check_key(const std::string& text);
[[nodiscard]] std::string check_param(const std::string& text);
[[nodiscard]] std::string check_since(const std::string& text);
[[nodiscard]] std::string check_duration(const std::string& text);
[[nodiscard]] std::string check_address(const std::string& text);

}  // namespace pawl::cli
