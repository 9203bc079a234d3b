#include "config/source_reader.h"

#include <algorithm>
#include <array>
#include <unordered_map>

#include "config/host_keys.h"
#include "config/names.h"
#include "config/wording.h"
#include "model/paths.h"

namespace pawl::config {
namespace {

constexpr std::string_view kBranchPrefix = "refs/heads/";
constexpr std::int64_t kIntervalMaxMs = 31LL * 24 * 3600 * 1000;

// git-check-ref-format(1), for a whole reference.
bool is_reference(std::string_view text) {
  constexpr std::string_view kForbidden = " ~^:?*[\\\x7f";
  if (text.empty() || text.front() == '/' || text.back() == '/' || text.back() == '.') return false;
  for (char c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || kForbidden.find(c) != std::string_view::npos) {
      return false;
    }
  }
  for (std::string_view part : {"..", "//", "@{", "/.", ".lock/"}) {
    if (text.find(part) != std::string_view::npos) return false;
  }
  return text.front() != '.' && text.front() != '-' && text != "@" && !text.ends_with(".lock");
}

std::string read_reference(MappingReader& mapping, std::string otherwise) {
  auto text = mapping.filled_text("ref", limits::kSourcePathBytes);
  if (!text) return otherwise;
  if (!is_reference(*text)) {
    mapping.values().add(mapping.place_of("ref"),
                         quoted(*text) +
                             " is not a Git reference; write a branch such "
                             "as main, or refs/heads/main");
    return otherwise;
  }
  if (*text == "HEAD" || text->starts_with("refs/")) return *text;
  return std::string(kBranchPrefix) + *text;
}

// Inside the repository: relative, without "." and "..". Empty: its root.
std::string read_folder(MappingReader& mapping) {
  auto text = mapping.text("path", limits::kSourcePathBytes);
  if (!text) return {};
  std::string_view rest = *text;
  bool is_valid = !rest.starts_with('/');
  std::string folder;
  while (is_valid && !rest.empty()) {
    const std::size_t slash = rest.find('/');
    const std::string_view part = rest.substr(0, slash);
    rest.remove_prefix(slash == std::string_view::npos ? rest.size() : slash + 1);
    if (part == "..") is_valid = false;
    if (part.empty() || part == ".") continue;
    folder.append(folder.empty() ? "" : "/").append(part);
  }
  if (!is_valid) {
    mapping.values().add(mapping.place_of("path"),
                         "'path' is a folder inside the repository: relative, without '..'");
    return {};
  }
  return folder;
}

// What stands between "scheme://" and the next '/'.
std::string_view authority(std::string_view url) {
  const std::size_t start = url.find("://");
  if (start == std::string_view::npos) return {};
  url.remove_prefix(start + 3);
  return url.substr(0, url.find_first_of("/?#"));
}

bool is_supported_url(std::string_view url) {
  if (url.starts_with('/')) return true;
  if (url.starts_with("file://")) return url.size() > 8 && url[7] == '/';
  return (url.starts_with("http://") || url.starts_with("https://")) && !authority(url).empty();
}

void check_url(MappingReader& mapping, const std::string& url) {
  ValueReader& values = mapping.values();
  const Place place = mapping.place_of("url");
  constexpr std::string_view kForms = "an absolute path, file:///path, http:// or https://";
  const std::size_t scheme_end = url.find("://");
  const bool is_scp_form = scheme_end == std::string::npos && url.find(':') != std::string::npos;
  if (!is_supported_url(url)) {
    const bool has_known_scheme = url.starts_with("file:") || url.starts_with("http");
    const bool is_other_scheme =
        !has_known_scheme && (scheme_end != std::string::npos || is_scp_form);
    values.add(place, quoted(url) +
                          (is_other_scheme ? " is not supported by this version of pawl; write "
                                           : " is not a source's url; write ") +
                          std::string(kForms));
  } else if (authority(url).find('@') != std::string_view::npos) {
    values.add(place,
               "'url' must not have a user or password in it; write them to auth.username and "
               "auth.password_file");
  } else if (std::any_of(
                 url.begin(), url.end(),
                 [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == '\x7f'; }) &&
             !url.starts_with('/')) {
    values.add(place, "'url' has a space or a control character; write it as %20, ...");
  }
}

void read_auth(MappingReader& source, SourceConfig& config) {
  auto mapping = source.mapping("auth");
  if (!mapping) return;
  ValueReader& values = mapping->values();
  const bool is_http = config.url.starts_with("http://") || config.url.starts_with("https://");
  config.username = mapping->filled_text("username", limits::kTitleBytes).value_or("");
  for (const auto& [key, member] : {std::pair{"password_file", &SourceConfig::password_file},
                                    std::pair{"ca_file", &SourceConfig::ca_file}}) {
    auto path = mapping->filled_text(key, limits::kPathBytes);
    if (path && check_absolute(values, key, *path, mapping->place_of(key))) {
      config.*member = std::move(*path);
    }
  }
  if (!config.ca_file.empty() && !config.url.empty() && !config.url.starts_with("https://")) {
    values.add(mapping->place_of_key("ca_file"), "'ca_file' is for https:// urls only");
  }
  if (!config.url.empty() && !is_http &&
      (!config.username.empty() || !config.password_file.empty())) {
    values.add(source.place_of_key("auth"), "'auth' is for http:// and https:// urls only");
  }
}

SourceConfig read_source(ValueReader& values, const YamlNode& node) {
  MappingReader mapping(values, node, kSourceKeys, "a source");
  SourceConfig config;
  if (node.kind != YamlNode::Kind::kMapping) return config;
  mapping.require("name");
  mapping.require("url");
  config.name = mapping.filled_text("name", limits::kValueBytes).value_or("");
  if (!config.name.empty() && !is_valid_name(config.name)) {
    const std::string proposal = slug(config.name);
    values.add(mapping.place_of("name"), quoted(config.name) + " is not a valid name (" +
                                             std::string(kNameRule) + ")" +
                                             (proposal.empty() ? "" : "; use '" + proposal + "'"));
  }
  config.url = mapping.filled_text("url", limits::kUrlBytes).value_or("");
  if (!config.url.empty()) check_url(mapping, config.url);
  config.ref = read_reference(mapping, config.ref);
  config.path = read_folder(mapping);
  config.interval_ms = mapping.duration_ms("interval", {limits::kPullIntervalMinMs, kIntervalMaxMs})
                           .value_or(config.interval_ms);
  read_auth(mapping, config);
  return config;
}

}  // namespace

bool check_absolute(ValueReader& values, std::string_view key, const std::string& path,
                    Place place) {
  if (path.starts_with('/')) return true;
  values.add(place, "'" + std::string(key) + "' must be an absolute path, not " + quoted(path));
  return false;
}

bool check_plain(ValueReader& values, std::string_view key, const std::string& path, Place place) {
  if (!check_absolute(values, key, path, place)) return false;
  if (is_plain_path(path)) return true;
  values.add(place, "'" + std::string(key) +
                        "' must be a path without \".\", \"..\" and \"//\", not " + quoted(path));
  return false;
}

std::vector<SourceConfig> read_sources(MappingReader& host_config) {
  std::vector<SourceConfig> result;
  std::unordered_map<std::string, std::uint32_t> lines;
  for (const YamlNode* node : host_config.items("sources", limits::kSources)) {
    SourceConfig config = read_source(host_config.values(), *node);
    const auto [first, is_new] = lines.emplace(config.name, node->place.line);
    if (!is_new && !config.name.empty()) {
      host_config.values().add(node->place, "source " + quoted(config.name) +
                                                " is given twice; the first is in line " +
                                                std::to_string(first->second));
    }
    result.push_back(std::move(config));
  }
  return result;
}

}  // namespace pawl::config
