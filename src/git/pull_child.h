// The child's side of a pull: the only code of pawl in which libgit2 runs. Started by
// PullProcess as `/proc/self/exe internal-pull` with the request on stdin and the result on stdout.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "model/source.h"
#include "ports/git_source.h"

namespace pawl {

// Called in the child for each file before it is handed over, so that input which crashes a parser
// ends the child and not the agent. What it returns is ignored; only surviving it counts.
using VetFile = std::function<void(const PulledFile&)>;

// Runs one pull and returns the process's exit code. Sandboxes the process first.
[[nodiscard]] int run_pull_child(const VetFile& vet);

}  // namespace pawl
