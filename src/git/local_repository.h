// Which directories belong to a repository on this host. Reads small files only; no libgit2, so that it
// can run before the sandbox is closed and say what to leave open. Child process.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace pawl {

// The paths that reading the repository at `path` needs: its git directory, that of the main work tree
// if it is a linked one, object directories it borrows from, and where any of them is a symbolic link,
// what it leads to. Errors: kNotFound (nothing there, or no repository), kDenied, kTooLarge (more than
// limits::kRepositoryLinks).
[[nodiscard]] Result<std::vector<std::string>> repository_paths(const std::string& path);

}  // namespace pawl
