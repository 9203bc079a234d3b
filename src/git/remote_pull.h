// A pull from an http(s) remote, through a bare clone in the cache directory. Child process.
#pragma once

#include "git/bundle.h"
#include "git/pull_request.h"
#include "git/source_url.h"

namespace pawl {

// Closes the sandbox, then asks, fetches where something is new, and reads. Errors: as GitSource::pull().
[[nodiscard]] Result<PullReply> pull_remote(const PullRequest& request, const SourceUrl& url);

}  // namespace pawl
