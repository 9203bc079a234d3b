// The spellings in which a secret may turn up in a log. Pure.
//
//   as it is                  without newlines at its ends, which belong to its file
//   each of its lines         of limits::kRedactLineBytes and more, where it has several: a private key
//   base64                    standard and URL-safe, wherever the secret lies in what was encoded: the characters that
//                             depend on nothing else; and in lines of 76, as base64(1) breaks them
//   percent-encoded           as RFC 3986, JavaScript and forms (+ for a space) do it; also with / kept; hex digits of either case
//
// Secrets shorter than limits::kRedactMinBytes have none: they would blot out ordinary words.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace pawl {

struct SecretPatterns {
  std::vector<std::string> patterns;  // each once
  // Indexes of secrets that are looked for as they are and by their lines only: their other spellings had no room.
  std::vector<std::size_t> plain_only;
};

[[nodiscard]] SecretPatterns secret_patterns(const std::vector<std::string>& secrets);

}  // namespace pawl
