// Base64 as RFC 4648 has it. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace pawl {

// The alphabet for URLs and file names (§5), padded: what Docker's X-Registry-Auth wants.
[[nodiscard]] std::string encode_base64url(std::string_view bytes);
// The standard alphabet (§4), with its padding or without; nothing for any other text.
[[nodiscard]] std::optional<std::string> decode_base64(std::string_view text);

}  // namespace pawl
