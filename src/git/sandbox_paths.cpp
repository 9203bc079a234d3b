#include "git/sandbox_paths.h"

#include <stdlib.h>

namespace pawl {
namespace {

constexpr const char* kNowhere = "/nonexistent";

}  // namespace

std::vector<std::string> paths_for_vetting() {
  return {
    "/usr/share/zoneinfo", "/etc/localtime", "/etc/timezone", "/dev/null", "/dev/urandom",
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
        "/proc/self",  // their reports read the memory map
#endif
  };
}

std::vector<std::string> paths_for_network() {
  return {"/etc/resolv.conf", "/etc/hosts",    "/etc/nsswitch.conf",
          "/etc/host.conf",   "/etc/gai.conf", "/etc/services"};
}

std::vector<std::string> paths_for_certificates(const CaLocation& location) {
  std::vector<std::string> paths = {"/etc/ssl/openssl.cnf", "/etc/pki/tls/openssl.cnf"};
  if (!location.file.empty()) paths.push_back(location.file);
  if (!location.directory.empty()) {
    paths.push_back(location.directory);
    // Where the links in a hashed directory lead to.
    paths.insert(paths.end(), {"/usr/share/ca-certificates", "/usr/local/share/ca-certificates",
                               "/etc/ca-certificates", "/etc/pki/ca-trust/extracted",
                               "/var/lib/ca-certificates"});
  }
  return paths;
}

void use_no_ca_certificates() { use_ca_certificates({}); }

void use_ca_certificates(const CaLocation& location) {
  ::setenv("SSL_CERT_FILE", location.file.empty() ? kNowhere : location.file.c_str(), 1);
  ::setenv("SSL_CERT_DIR", location.directory.empty() ? kNowhere : location.directory.c_str(), 1);
}

}  // namespace pawl
