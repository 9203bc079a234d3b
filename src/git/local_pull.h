// A pull from a repository on this host: a path or file://. Child process.
#pragma once

#include "git/bundle.h"
#include "git/pull_request.h"
#include "git/source_url.h"

namespace pawl {

// Closes the sandbox, then reads. Errors: as GitSource::pull().
[[nodiscard]] Result<PullReply> pull_local(const PullRequest& request, const SourceUrl& url);

}  // namespace pawl
