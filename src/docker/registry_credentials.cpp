// Read anew at each pull rather than once: an operator who mends a password expects the next pull to use it, and a file
// of some hundred bytes costs nothing beside a pull.
#include "docker/registry_credentials.h"

#include <algorithm>
#include <utility>

#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "docker/base64.h"
#include "docker/image_reference.h"
#include "model/limits.h"

namespace pawl {
namespace {

// Shorter ones would blot out ordinary words.
constexpr std::size_t kSecretMinBytes = 4;

Error broken(const std::string& why) { return Error{ErrorKind::kInvalid, why, {}}; }

std::string lower_case(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

// The registry that a key means: "https://registry.local/v1/" is "registry.local". Empty: a part of one.
std::string registry_of_key(std::string_view key) {
  for (const std::string_view scheme : {"https://", "http://"}) {
    if (key.starts_with(scheme)) key.remove_prefix(scheme.size());
  }
  const std::string_view host = key.substr(0, key.find('/'));
  const std::string_view path = key.substr(host.size());
  const bool whole = path.empty() || path == "/" || path == "/v1" || path == "/v1/" ||
                     path == "/v2" || path == "/v2/";
  if (!whole) return {};
  const std::string name = lower_case(host);
  return name == "index.docker.io" ? std::string(kDockerHub) : name;
}

// The member whose key means the registry: the very name before any other form of it.
const Json* find_entry(const Json& entries, const std::string& registry) {
  const Json* found = nullptr;
  for (const auto& [key, value] : entries.members()) {
    if (key == registry) return &value;
    if (found == nullptr && registry_of_key(key) == registry) found = &value;
  }
  return found;
}

struct Login {
  std::string user;
  std::string password;
  std::string identity_token;
};

Result<Login> login_of(const Json& entry, const std::string& registry) {
  const std::string where = "its entry for " + registry;
  if (!entry.is_object()) return broken(where + " is no object");
  for (const char* name : {"auth", "username", "password", "identitytoken"}) {
    if (entry.contains(name) && !entry[name].is_string()) {
      return broken(where + " has a '" + name + "' that is no text");
    }
  }
  Login login{entry["username"].as_string(), entry["password"].as_string(),
              entry["identitytoken"].as_string()};
  const std::string& auth = entry["auth"].as_string();
  if (auth.empty()) return login;
  auto pair = decode_base64(auth);
  const auto colon = pair ? pair->find(':') : std::string::npos;
  if (colon == std::string::npos || colon == 0) {
    return broken(where + " has an 'auth' that is no base64 of user:password");
  }
  login.user = pair->substr(0, colon);
  login.password = pair->substr(colon + 1);
  // Docker has written them with zero bytes behind.
  login.password.erase(login.password.find_last_not_of('\0') + 1);
  return login;
}

RegistryCredentials credentials_of(const Login& login, const std::string& auth,
                                   const std::string& registry) {
  Json shown = Json::object();
  if (login.identity_token.empty()) {
    shown.set("username", login.user).set("password", login.password);
  } else {
    shown.set("identitytoken", login.identity_token);
  }
  shown.set("serveraddress",
            registry == kDockerHub ? "https://index.docker.io/v1/" : registry.c_str());
  RegistryCredentials credentials;
  credentials.header = encode_base64url(shown.dump());
  for (const std::string& secret :
       {credentials.header, auth, login.identity_token, login.password}) {
    if (secret.size() < kSecretMinBytes) continue;
    credentials.secrets.push_back(secret);
    // As it stands in an error.
    if (std::string escaped = escape_control(secret); escaped != secret) {
      credentials.secrets.push_back(std::move(escaped));
    }
  }
  return credentials;
}

}  // namespace

Result<RegistryCredentials> find_credentials(std::string_view text, const std::string& registry) {
  const auto json = Json::parse(text);
  if (!json) return broken("is " + json.error().message);
  if (!json->is_object()) return broken("is no JSON object");
  const Json& entries = (*json)["auths"];
  const Json& helpers = (*json)["credHelpers"];
  if (!entries.is_null() && !entries.is_object()) return broken("has 'auths' that are no object");
  const std::string name = lower_case(registry);
  if (const Json* entry = find_entry(entries, name)) {
    PAWL_TRY(const Login login, login_of(*entry, registry));
    const bool has_login = !login.user.empty() && !login.password.empty();
    if (has_login || !login.identity_token.empty()) {
      return credentials_of(login, (*entry)["auth"].as_string(), name);
    }
  }
  RegistryCredentials none;
  const Json* helper = find_entry(helpers, name);
  none.helper = helper != nullptr ? helper->as_string() : (*json)["credsStore"].as_string();
  return none;
}

Result<RegistryCredentials> read_credentials(const std::string& file, const std::string& registry) {
  const auto text = read_file(file, limits::kRegistryConfigBytes);
  if (!text) {
    return Error{ErrorKind::kInvalid,
                 "the registries' credentials in " + file +
                     " cannot be read: " + text.error().message +
                     "; put Docker's config.json there, or name another file as "
                     "engine.credentials_file",
                 {}};
  }
  auto credentials = find_credentials(*text, registry);
  if (!credentials) {
    return Error{
        ErrorKind::kInvalid,
        "the file of the registries' credentials " + file + " " + credentials.error().message,
        {}};
  }
  return credentials;
}

std::string without_secrets(std::string text, const RegistryCredentials& credentials) {
  for (const std::string& secret : credentials.secrets) {
    for (auto at = text.find(secret); at != std::string::npos; at = text.find(secret, at)) {
      text.replace(at, secret.size(), "***");
      at += 3;
    }
  }
  return text;
}

}  // namespace pawl
