#include "model/image_policy.h"

#include "model/host_config.h"

namespace pawl {
namespace {

struct Reference {
  std::string_view repository;
  std::string_view version;  // ":tag", "@digest", ":tag@digest" or empty
};

// The tag's colon comes after the last slash; an earlier one is a registry's port.
Reference split(std::string_view text) {
  const std::size_t slash = text.substr(0, text.find('@')).rfind('/');
  const std::size_t name = slash == std::string_view::npos ? 0 : slash + 1;
  const std::size_t version = text.find_first_of(":@", name);
  if (version == std::string_view::npos) return {text, {}};
  return {text.substr(0, version), text.substr(version)};
}

constexpr std::string_view kLatest = ":latest";
constexpr std::string_view kAnyTag = ":*";

}  // namespace

bool image_is_allowed(const std::vector<std::string>& patterns, std::string_view image) {
  const Reference wanted = split(image);
  const std::string_view version = wanted.version.empty() ? kLatest : wanted.version;
  for (const std::string& pattern : patterns) {
    const Reference allowed = split(pattern);
    if (!matches_pattern(allowed.repository, wanted.repository)) continue;
    const bool any_version =
        allowed.version == kAnyTag || (allowed.version.empty() && pattern.ends_with('*'));
    if (any_version ||
        matches_pattern(allowed.version.empty() ? kLatest : allowed.version, version)) {
      return true;
    }
  }
  return false;
}

std::string image_pattern_for(std::string_view image) {
  return std::string(split(image).repository) + ":*";
}

}  // namespace pawl
