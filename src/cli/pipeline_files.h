// Finding pipeline files below the paths that `pawl validate` is given, by the rules that the agent
// reads a source by: *.yaml and *.yml, regular files only. Reads directories; any thread.
#pragma once

#include <string>
#include <vector>

#include "model/source.h"

namespace pawl::cli {

struct FoundFiles {
  std::vector<std::string> files;    // each once; in the paths' order, below a directory by name
  std::vector<std::string> skipped;  // what looks like one but is no regular file, with the reason
  std::vector<Problem> missing;      // paths that do not exist or hold no pipeline file
  std::vector<Problem> unreadable;   // directories that cannot be read; too many files
};

// A file that is named is taken whatever its name, also through a symbolic link. Below a directory,
// links are not followed. Bounds: limits::kSourceFiles, limits::kSourceTreeEntries.
[[nodiscard]] FoundFiles find_pipeline_files(const std::vector<std::string>& paths);

}  // namespace pawl::cli
