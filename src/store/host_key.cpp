#include "store/host_key.h"

#include <algorithm>
#include <cstdio>

#include "base/digest.h"
#include "base/file.h"
#include "base/log.h"
#include "store/directory.h"

namespace pawl::store {
namespace {

constexpr std::size_t kFileBytes = 256;
constexpr std::size_t kSeedDigits = 64;

std::string key_path(const std::string& directory) { return directory + "/host.key"; }

Result<SigningKey> parse_key(const std::string& text, const std::string& path) {
  const auto seed = text.size() == kSeedDigits + 1 && text.back() == '\n'
                        ? parse_sha256_hex(text.substr(0, kSeedDigits))
                        : std::nullopt;
  if (!seed) return Error{ErrorKind::kCorrupt, "the file is damaged", path};
  return SigningKey(*seed);
}

Result<SigningKey> read_key(const std::string& directory) {
  PAWL_TRY(const std::string text, read_file(key_path(directory), kFileBytes));
  return parse_key(text, key_path(directory));
}

}  // namespace

Result<SigningKey> establish_host_key(const std::string& directory) {
  const std::string path = key_path(directory);
  auto key = read_key(directory);
  if (key) return key;
  const ErrorKind kind = key.error().kind;
  if (kind == ErrorKind::kCorrupt || kind == ErrorKind::kTooLarge) {
    log_warning("a file of the store is damaged", {{"why", key.error().text()}});
    (void)std::rename(path.c_str(), (path + ".damaged").c_str());
  } else if (kind != ErrorKind::kNotFound) {
    return key;
  }
  const std::string text = random_hex(kSeedDigits / 2) + "\n";
  const auto written = replace_file(directory, "host.key", text);
  if (!written) log_warning("cannot write a file", {{"why", written.error().text()}});
  return parse_key(text, path);
}

std::optional<PublicKey> read_public_key(const std::string& directory) {
  const auto key = read_key(directory);
  if (!key) return std::nullopt;
  return key->public_key();
}

}  // namespace pawl::store
