// Reads a revision's pipeline files from a repository's objects: no work tree, no index, nothing is
// followed or executed. Child process.
#pragma once

#include <string>
#include <vector>

#include "git/libgit2.h"
#include "ports/git_source.h"

namespace pawl {

struct RevisionFiles {
  std::vector<PulledFile> files;  // sorted by path
  std::vector<Problem> problems;
};

// `path` without empty and `.` parts. Errors: kInvalid (a `..` part).
[[nodiscard]] Result<std::string> normal_path(const std::string& path);

// Every regular *.yaml and *.yml file below `path` (normal_path()). Like a shell's *, it skips names that
// begin with a dot (.github/, .gitlab-ci.yml). What has such a name but is no regular file, or is over a
// bound by itself, is a problem. Errors: kNotFound (path), kTooLarge (all files together), kCorrupt.
[[nodiscard]] Result<RevisionFiles> read_revision(git_repository* repository, const git_oid& commit,
                                                  const std::string& path);

// Reads as much of it as limits::kSourceVerifyBytes and -Entries allow, to see whether the repository is sound.
// Errors: kCorrupt.
[[nodiscard]] Result<void> verify_revision(git_repository* repository, const git_oid& commit,
                                           const std::string& path);

}  // namespace pawl
