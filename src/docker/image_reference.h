// An image's name, taken apart as Docker means it:
// [registry[:port]/]path[:tag][@digest]. Pure.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace pawl {

struct ImageReference {
  std::string repository;     // "registry.local:5000/tools/pg"
  std::string tag_or_digest;  // "16", "sha256:…" (a digest wins over a tag);
                              // "latest" without either
};

// Errors: kInvalid for what cannot be an image's name. Looser than Docker's own
// grammar, but nothing that passes can mean anything else inside a URL.
[[nodiscard]] Result<ImageReference> parse_image_reference(std::string_view text);

inline constexpr std::string_view kDockerHub = "docker.io";

// The registry that a repository's name means, "host[:port]": what stands before the first slash, if that is a host's name
// (it has a dot, a colon or a capital letter, or is "localhost"), else Docker Hub.
[[nodiscard]] std::string registry_of(std::string_view repository);

}  // namespace pawl
