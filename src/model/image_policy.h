// Which images a host lets pipelines use (policy.images of the host config, SPEC §2).
// Pure; any thread; linear time.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace pawl {

// Whether a pattern names the image. A pattern is a repository and, after it, a tag or digest; * in
// either matches any run of characters, and the two are matched apart: "alpine:*" names every tag
// of alpine but not "alpine:5000/other", which is a registry on port 5000. A pattern without a tag
// that ends in * names every tag ("registry.local/*"); any other without one, like an image without
// one, means ":latest".
[[nodiscard]] bool image_is_allowed(const std::vector<std::string>& patterns,
                                    std::string_view image);

// A pattern that names every tag of the image's repository: "alpine:*" for "alpine:3.20".
[[nodiscard]] std::string image_pattern_for(std::string_view image);

}  // namespace pawl
