// Which bytes can be a value in JSON and in an environment. Pure.
#pragma once

#include <string_view>

namespace pawl {

// UTF-8 (RFC 3629: shortest forms, no surrogates) without zero bytes.
[[nodiscard]] bool is_text(std::string_view bytes);

}  // namespace pawl
