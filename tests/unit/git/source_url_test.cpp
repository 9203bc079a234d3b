#include "git/source_url.h"

#include <doctest/doctest.h>

#include <random>
#include <vector>

namespace pawl {
namespace {

using Scheme = SourceUrl::Scheme;

TEST_CASE("paths and file urls are local") {
  const std::vector<std::pair<std::string, std::string>> expected = {
      {"/srv/fleet.git", "/srv/fleet.git"},
      {"relative/dir", "relative/dir"},
      {"./a:b", "./a:b"},
      {"/a@b:c", "/a@b:c"},
      {"file:///srv/fleet.git", "/srv/fleet.git"},
      {"FILE://LocalHost/srv/x", "/srv/x"},
      {"file:///srv/my%20fleet%2Fx", "/srv/my fleet/x"},
  };
  for (const auto& [url, path] : expected) {
    CAPTURE(url);
    const auto parsed = parse_source_url(url);
    REQUIRE(parsed.ok());
    CHECK(parsed->scheme == Scheme::kLocal);
    CHECK(parsed->local_path == path);
  }
}

TEST_CASE("http urls: host, port, credentials apart") {
  struct Case {
    std::string url;
    Scheme scheme;
    std::string host;
    int port;
    std::string username;
    std::string password;
    std::string clean;
  };
  const std::vector<Case> cases = {
      {"http://Host/x.git", Scheme::kHttp, "host", 80, "", "", "http://Host/x.git"},
      {"https://host", Scheme::kHttps, "host", 443, "", "", "https://host"},
      {"HTTPS://host:8443/x?y", Scheme::kHttps, "host", 8443, "", "", "https://host:8443/x?y"},
      {"https://u:p@host/x", Scheme::kHttps, "host", 443, "u", "p", "https://host/x"},
      {"https://token@host/x@1", Scheme::kHttps, "host", 443, "token", "", "https://host/x@1"},
      {"https://u%40d:p%3Aq%2F@host/", Scheme::kHttps, "host", 443, "u@d", "p:q/", "https://host/"},
      {"https://u:p@w@host/x", Scheme::kHttps, "host", 443, "u", "p@w", "https://host/x"},
      {"http://[::1]:80/x", Scheme::kHttp, "::1", 80, "", "", "http://[::1]:80/x"},
      {"http://u@[fe80::1]/x", Scheme::kHttp, "fe80::1", 80, "u", "", "http://[fe80::1]/x"},
  };
  for (const Case& each : cases) {
    CAPTURE(each.url);
    const auto parsed = parse_source_url(each.url);
    REQUIRE(parsed.ok());
    CHECK(parsed->scheme == each.scheme);
    CHECK(parsed->host == each.host);
    CHECK(parsed->port == each.port);
    CHECK(parsed->username == each.username);
    CHECK(parsed->password == each.password);
    CHECK(parsed->clean == each.clean);
  }
}

TEST_CASE("what is no source's url is invalid, and no message shows a password") {
  const std::vector<std::string> invalid = {
      "",
      "ssh://git@host/x",
      "git://host/x",
      "git@host:x.git",
      "host:x",
      "ftp://host/x",
      "://x",
      "file://host/x",
      "file://",
      "file:///a%zz",
      "file:///a%00b",
      "http://",
      "http:///x",
      "http://host:0/x",
      "http://host:99999/x",
      "http://host:port/x",
      "http://[::1/x",
      "http://[::1]x/",
      "http://ho st/x",
      "http://u:hu sh@host/x",
      "http://u:hu'sh@host/x",
      "https://u:hush%@host/x",
      "https://u:hu/sh@host/x",
      std::string("http://host/\0x", 14),
  };
  for (const std::string& url : invalid) {
    CAPTURE(url);
    const auto parsed = parse_source_url(url);
    REQUIRE_FALSE(parsed.ok());
    CHECK(parsed.error().kind == ErrorKind::kInvalid);
    CHECK(parsed.error().text().find("hu") == std::string::npos);
  }
}

TEST_CASE("redaction cuts credentials out of every url in a text") {
  const std::vector<std::pair<std::string, std::string>> expected = {
      {"plain text, a@b", "plain text, a@b"},
      {"https://host/x", "https://host/x"},
      {"https://host:8080/x", "https://host:8080/x"},
      {"https://host/x@1", "https://host/x@1"},
      {"https://u:p@host/x", "https://host/x"},
      {"https://token@host/x", "https://host/x"},
      {"failed: 'https://u:p@host/x' and http://a:b@c", "failed: 'https://host/x' and http://c"},
      {"https://u:p@w@host/x", "https://host/x"},
      {"https://u:p/w@host/x", "https://host/x"},
      {"https://u:12/3@host/x", "https://host/x"},
      {"http://u:p@a/?to=http://v:q@b", "http://a/?to=http://b"},
      {"ssh://u:p@h://", "ssh://h://"},
      {"://", "://"},
      {"", ""},
  };
  for (const auto& [text, redacted] : expected) CHECK(redact_urls(text) == redacted);
}

TEST_CASE("random urls: a parsed password is in neither the clean url nor the redacted one") {
  constexpr std::string_view kParts[] = {"http", "https",    "://",        ":", "@", "/", "[", "]",
                                         "%41",  "%",        "?",          "#", "a", ".", "1", " ",
                                         "file", "PASSWORD", "u:PASSWORD@"};
  std::size_t parsed_urls = 0;
  for (std::uint32_t seed = 1; seed <= 50'000; ++seed) {
    CAPTURE(seed);
    std::mt19937 random(seed);
    std::string url = random() % 2 == 0 ? "https://" : "";
    for (unsigned parts = random() % 12; parts > 0; --parts) {
      url += kParts[random() % std::size(kParts)];
    }
    const auto parsed = parse_source_url(url);
    const std::string redacted = redact_urls(url);
    CHECK(redacted.size() <= url.size());
    if (!parsed || parsed->password.find("PASSWORD") == std::string::npos) continue;
    ++parsed_urls;
    const std::size_t all = [&] {
      std::size_t count = 0;
      for (std::size_t at = url.find("PASSWORD"); at != std::string::npos;
           at = url.find("PASSWORD", at + 1)) {
        ++count;
      }
      return count;
    }();
    if (all > 1) continue;  // one in the path as well is no secret
    CHECK(parsed->clean.find("PASSWORD") == std::string::npos);
    CHECK(redacted.find("PASSWORD") == std::string::npos);
  }
  CHECK(parsed_urls > 200);
}

}  // namespace
}  // namespace pawl
