// Words are matched rather than statuses, since Docker gives 500 for nearly all of it. Each sign holds a space, which no
// image name can: a repository called "timeout" or "denied" changes nothing.
#include "docker/pull_error.h"

#include <algorithm>
#include <array>

namespace pawl {
namespace {

template <std::size_t N>
bool has_any(std::string_view message, const std::array<std::string_view, N>& signs) {
  return std::any_of(signs.begin(), signs.end(), [&](std::string_view sign) {
    return message.find(sign) != std::string_view::npos;
  });
}

// "pull access denied for x, repository does not exist or may require 'docker login'" (404) comes first: a registry that
// hides what it has says so of both.
constexpr std::array<std::string_view, 8> kDenied = {"access denied",
                                                     "unauthorized: ",
                                                     "denied: ",
                                                     "no basic auth credent",
                                                     "authentication required",
                                                     "incorrect username or password",
                                                     "invalid username/passw",
                                                     "403 Forbidden"};

constexpr std::array<std::string_view, 6> kNotFound = {
    "manifest unknown",     ": not found",       "repository name not known",
    "does not exist or no", "no such manifest ", "name unknown: "};

constexpr std::array<std::string_view, 27> kPasses = {"connection refused",
                                                      "connection reset",
                                                      "connection timed out",
                                                      "no route to host",
                                                      "network is unreachable",
                                                      "no such host",
                                                      "server misbehaving",
                                                      "temporary failure",
                                                      "Temporary failure",
                                                      "i/o timeout",
                                                      "handshake timeout",
                                                      "Client.Timeout exceeded",
                                                      "request canceled while",
                                                      "deadline exceeded",
                                                      "unexpected EOF",
                                                      ": EOF",
                                                      "broken pipe",
                                                      "toomanyrequests: ",
                                                      "too many requests",
                                                      "Too Many Requests",
                                                      "status code 5",
                                                      "HTTP status: 5",
                                                      "code: 5",
                                                      "Internal Server Error",
                                                      "Service Unavailable",
                                                      "Bad Gateway",
                                                      "unknown: "};

}  // namespace

ErrorKind pull_error_kind(ErrorKind kind, std::string_view message) {
  const bool by_words = kind == ErrorKind::kInvalid || kind == ErrorKind::kNotFound ||
                        kind == ErrorKind::kDenied || kind == ErrorKind::kConflict;
  if (!by_words) return kind;
  if (has_any(message, kDenied)) return ErrorKind::kDenied;
  if (has_any(message, kNotFound)) return ErrorKind::kNotFound;
  if (has_any(message, kPasses)) return ErrorKind::kConflict;
  return kind;
}

std::string pull_error_hint(std::string_view message, const std::string& registry) {
  if (message.find("signed by unknown authority") != std::string_view::npos) {
    return "; the engine looks for a private CA in /etc/docker/certs.d/" + registry +
           "/ca.crt on its host";
  }
  if (message.find("server gave HTTP response to HTTPS client") != std::string_view::npos) {
    return "; the engine speaks plain HTTP only to registries in \"insecure-registries\" of its "
           "/etc/docker/daemon.json";
  }
  return {};
}

}  // namespace pawl
