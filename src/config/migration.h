// A pipeline file in today's form, for `pawl validate --migrate`: documents of older dialects are
// printed anew, with their comments; the others stay as they are, byte for byte. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace pawl::config {

// `text`: a file that parse_pipeline_file() has no problem with. What is returned was read back and
// says the same. kInvalid: the file has problems after all, or grows over limits::kPipelineFileBytes
// (aliases are written out).
[[nodiscard]] Result<std::string> migrate_pipeline_file(std::string_view text);

}  // namespace pawl::config
