// What a source's url says. Pure functions; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace pawl {

struct SourceUrl {
  enum class Scheme : std::uint8_t { kLocal, kHttp, kHttps };
  Scheme scheme = Scheme::kLocal;
  std::string local_path;  // kLocal: of a path or a file:// url
  // kHttp, kHttps:
  std::string host;  // without the brackets of an IPv6 address
  std::uint16_t port = 0;
  std::string username;  // percent-decoded; empty where the url has none
  std::string password;
  std::string clean;  // the url without user and password, for libgit2 and for people
};

// A path, file://, http:// or https://. Errors: kInvalid, with what is supported.
[[nodiscard]] Result<SourceUrl> parse_source_url(std::string_view url);

// `text` with the user and password of every url in it cut out. Rather cuts too much than too little.
[[nodiscard]] std::string redact_urls(std::string_view text);

}  // namespace pawl
