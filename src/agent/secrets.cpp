#include "agent/secrets.h"

#include "base/file.h"
#include "base/log.h"
#include "model/limits.h"
#include "model/pipeline.h"

namespace pawl {
namespace {

Error no_bytes(const std::string& path) {
  return Error{ErrorKind::kInvalid, "the secret is empty", path};
}

}  // namespace

Result<std::string> read_secret(const std::string& directory, const std::string& name) {
  if (!is_valid_name(name)) {
    return Error{ErrorKind::kInvalid, "'" + escape_control(name) + "' is not a name of a secret",
                 directory};
  }
  const std::string path = directory + "/" + name;
  PAWL_TRY(std::string secret, read_file(path, limits::kSecretBytes));
  if (secret.empty()) return no_bytes(path);
  return secret;
}

Result<std::string> read_secret_line(const std::string& directory, const std::string& name) {
  PAWL_TRY(std::string secret, read_secret(directory, name));
  while (secret.ends_with('\n') || secret.ends_with('\r')) secret.pop_back();
  if (secret.empty()) return no_bytes(directory + "/" + name);
  return secret;
}

}  // namespace pawl
