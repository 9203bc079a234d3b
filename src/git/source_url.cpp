// libgit2 has a url parser, but it is no public API and must not run in the agent. Credentials are
// taken out here, so that neither libgit2's messages nor ours can show them.
#include "git/source_url.h"

#include <charconv>
#include <optional>

namespace pawl {
namespace {

constexpr std::string_view kSchemeMark = "://";

std::string lower(std::string_view text) {
  std::string out;
  for (char c : text) out += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return out;
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Nothing when an escape is broken or makes a NUL.
std::optional<std::string> percent_decode(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    if (i + 2 >= text.size()) return std::nullopt;
    const int value = hex_value(text[i + 1]) * 16 + hex_value(text[i + 2]);
    if (hex_value(text[i + 1]) < 0 || hex_value(text[i + 2]) < 0 || value == 0) return std::nullopt;
    out += static_cast<char>(value);
    i += 2;
  }
  return out;
}

Error invalid(std::string message) { return Error{ErrorKind::kInvalid, std::move(message), {}}; }

Result<SourceUrl> parse_local(std::string_view path) {
  if (path.empty()) return invalid("the url is empty");
  SourceUrl url;
  url.local_path = std::string(path);
  url.clean = url.local_path;
  return url;
}

// RFC 8089: file:///path or file://localhost/path.
Result<SourceUrl> parse_file(std::string_view rest) {
  const std::size_t slash = rest.find('/');
  const std::string_view host = rest.substr(0, slash);
  if (slash == std::string_view::npos || (!host.empty() && lower(host) != "localhost")) {
    return invalid("a file url has three slashes and an absolute path: file:///srv/fleet.git");
  }
  const auto path = percent_decode(rest.substr(slash));
  if (!path) return invalid("the file url has a broken % escape");
  return parse_local(*path);
}

bool parse_port(std::string_view text, std::uint16_t& port) {
  const auto [stop, code] = std::from_chars(text.data(), text.data() + text.size(), port);
  return code == std::errc{} && stop == text.data() + text.size() && port != 0;
}

// What RFC 3986 has nowhere in a url, and what ends one in a text: redact_urls() relies on it.
bool has_stray_character(std::string_view url) {
  for (char c : url) {
    if (static_cast<unsigned char>(c) <= ' ' || c == '\x7f') return true;
  }
  return url.find_first_of("'\"<>") != std::string_view::npos;
}

Result<SourceUrl> parse_http(SourceUrl::Scheme scheme, std::string_view rest) {
  if (has_stray_character(rest)) {
    return invalid("the url has a space, a quote or a control character: write it as %XX");
  }
  SourceUrl url;
  url.scheme = scheme;
  url.port = scheme == SourceUrl::Scheme::kHttps ? 443 : 80;
  const std::size_t authority_end = std::min(rest.find_first_of("/?#"), rest.size());
  std::string_view authority = rest.substr(0, authority_end);
  if (const std::size_t at = authority.rfind('@'); at != std::string_view::npos) {
    const std::string_view user = authority.substr(0, at);
    authority.remove_prefix(at + 1);
    const std::size_t colon = user.find(':');
    const auto name = percent_decode(user.substr(0, colon));
    const auto password =
        colon == std::string_view::npos ? std::string() : percent_decode(user.substr(colon + 1));
    if (!name || !password) return invalid("the url's user or password has a broken % escape");
    url.username = *name;
    url.password = *password;
  }
  url.clean = scheme == SourceUrl::Scheme::kHttps ? "https://" : "http://";
  url.clean += authority;
  url.clean += rest.substr(authority_end);

  std::string_view host = authority;
  std::string_view port;
  if (!host.empty() && host.front() == '[') {
    const std::size_t close = host.find(']');
    if (close == std::string_view::npos) return invalid("the url's address lacks its ']'");
    port = host.substr(close + 1);
    host = host.substr(1, close - 1);
  } else if (const std::size_t colon = host.find(':'); colon != std::string_view::npos) {
    port = host.substr(colon);
    host = host.substr(0, colon);
  }
  if (!port.empty() && (port.front() != ':' || !parse_port(port.substr(1), url.port))) {
    return invalid("the url's port is no number from 1 to 65535");
  }
  if (host.empty()) return invalid("the url has no host");
  url.host = lower(host);
  return url;
}

// host:path, as scp and git take it; a slash before the colon makes it a path.
bool looks_like_scp(std::string_view url) {
  const std::size_t colon = url.find(':');
  return colon != std::string_view::npos && colon > 0 && url.find('/') > colon;
}

}  // namespace

Result<SourceUrl> parse_source_url(std::string_view url) {
  if (url.find('\0') != std::string_view::npos) return invalid("the url has a NUL byte");
  const std::size_t mark = url.find(kSchemeMark);
  if (mark == std::string_view::npos) {
    if (looks_like_scp(url)) {
      return invalid("ssh is not supported yet: use https://, http://, file:// or a path");
    }
    return parse_local(url);
  }
  const std::string scheme = lower(url.substr(0, mark));
  const std::string_view rest = url.substr(mark + kSchemeMark.size());
  if (scheme == "file") return parse_file(rest);
  if (scheme == "http") return parse_http(SourceUrl::Scheme::kHttp, rest);
  if (scheme == "https") return parse_http(SourceUrl::Scheme::kHttps, rest);
  return invalid("'" + scheme + "' is not supported: use https://, http://, file:// or a path");
}

std::string redact_urls(std::string_view text) {
  std::string out;
  while (true) {
    const std::size_t mark = text.find(kSchemeMark);
    if (mark == std::string_view::npos) break;
    out += text.substr(0, mark + kSchemeMark.size());
    text.remove_prefix(mark + kSchemeMark.size());
    const std::size_t word_end = std::min(text.find_first_of(" \t\r\n'\"<>"), text.size());
    const std::size_t next = text.substr(0, word_end).find(kSchemeMark);
    const std::string_view word = text.substr(0, std::min(word_end, next));
    const std::string_view authority = word.substr(0, word.find_first_of("/?#"));
    std::size_t at = authority.rfind('@');
    // user:pass/word@host is no url, but people write it; host:80/a@b only loses its host here.
    if (at == std::string_view::npos && authority.find(':') != std::string_view::npos) {
      at = word.rfind('@');
    }
    if (at != std::string_view::npos) text.remove_prefix(at + 1);
  }
  out += text;
  return out;
}

}  // namespace pawl
