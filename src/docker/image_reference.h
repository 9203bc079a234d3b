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

}  // namespace pawl
