// What a registry is shown of us: the credentials that a file in the form of Docker's config.json has for it
// (https://docs.docker.com/reference/cli/docker/login/), as the header of a pull.
//
//   {"auths": {"registry.local:5000": {"auth": "<base64 of user:password>"},
//              "https://index.docker.io/v1/": {"username": "...", "password": "..."},
//              "other.example": {"identitytoken": "..."}},
//    "credsStore": "...", "credHelpers": {"third.example": "..."}}
//
// Programs that the file names ("credential helpers") are never run. An entry counts for exactly its own host and port,
// whatever the image's path; entries of one part of a registry ("host/path") are not read. No error holds anything secret.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace pawl {

struct RegistryCredentials {
  std::string header;  // the value of X-Registry-Auth; empty: the file has none
  std::string helper;  // a program that would have them, where the file has none itself
  std::vector<std::string>
      secrets;  // what must not be shown: the password or the token, in each form
};

// Of the registry "host[:port]", as registry_of() names it. `text`: the file's. Pure. kInvalid: it is no such file, or
// the registry's entry is broken; what it says is not repeated.
[[nodiscard]] Result<RegistryCredentials> find_credentials(std::string_view text,
                                                           const std::string& registry);

// The same of a file, read anew each time. kInvalid also where it cannot be read or is over
// limits::kRegistryConfigBytes. The message names the file.
[[nodiscard]] Result<RegistryCredentials> read_credentials(const std::string& file,
                                                           const std::string& registry);

// The text without the secrets: a registry may repeat in an error what it was shown.
[[nodiscard]] std::string without_secrets(std::string text, const RegistryCredentials& credentials);

}  // namespace pawl
