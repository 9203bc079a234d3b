// What of the host's own files a pull may read, beside the repository. Child process.
#pragma once

#include <string>
#include <vector>

#include "git/certificates.h"

namespace pawl {

// Time zones, for the checks a pipeline file gets.
[[nodiscard]] std::vector<std::string> paths_for_vetting();
// Name resolution.
[[nodiscard]] std::vector<std::string> paths_for_network();
// CA certificates in use. Never a whole /etc/ssl or /etc/pki: private keys lie there too.
[[nodiscard]] std::vector<std::string> paths_for_certificates(const CaLocation& location);

// Tells OpenSSL, before it starts, where its CA certificates are (by environment, as libgit2 has no
// call that replaces the defaults): nowhere, or at `location`.
void use_no_ca_certificates();
void use_ca_certificates(const CaLocation& location);

}  // namespace pawl
