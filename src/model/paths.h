// Paths as texts: nothing is looked up, no link is followed. Pure; any thread; linear time.
#pragma once

#include <string_view>

namespace pawl {

// Absolute, and every segment a name: no empty one, no "." and no "..". "/" alone is none.
[[nodiscard]] bool is_plain_path(std::string_view path);

// Whether it is the folder itself, or below it, segment by segment: "/srv/in2" is not within "/srv/in". Both plain,
// or "/".
[[nodiscard]] bool is_within(std::string_view path, std::string_view folder);

}  // namespace pawl
