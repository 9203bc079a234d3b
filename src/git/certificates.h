// CA certificates on this host, and why a server's certificate is not accepted. Child process.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace pawl {

struct CaLocation {
  std::string file;       // a bundle; empty: none
  std::string directory;  // certificates by OpenSSL's hashed names; empty: none
};

// The first that is there of the places distributions use. A hashed directory is preferred: of a bundle
// OpenSSL parses all of its 150 certificates at each start, which is 17 ms of CPU for every poll.
// Errors: kNotFound, with what to do.
[[nodiscard]] Result<CaLocation> find_ca_certificates();

// "" when the certificate (DER) is for `host`, a name or an address; else why not.
[[nodiscard]] std::string check_certificate_name(std::string_view der, const std::string& host);

// Why a certificate (DER) that OpenSSL did not accept for `host` was refused, in one clause, and what
// to do. `trusted` names the CA certificates in use.
[[nodiscard]] std::string explain_certificate(std::string_view der, const std::string& host,
                                              const std::string& trusted);

}  // namespace pawl
