#include "docker/image_reference.h"

#include "base/log.h"
#include "model/limits.h"

namespace pawl {
namespace {

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
         c == '_' || c == '-' || c == '/' || c == ':' || c == '@' || c == '+';
}

bool has_odd_segment(std::string_view repository) {
  while (true) {
    const auto slash = repository.find('/');
    const std::string_view segment = repository.substr(0, slash);
    if (segment.empty() || segment == "." || segment == "..") return true;
    if (slash == std::string_view::npos) return false;
    repository.remove_prefix(slash + 1);
  }
}

Error no_image(std::string_view text) {
  return Error{ErrorKind::kInvalid,
               "'" + escape_control(text.substr(0, 100)) +
                   "' is no image name; expected something like "
                   "registry.local/tools/pg:16",
               {}};
}

}  // namespace

Result<ImageReference> parse_image_reference(std::string_view text) {
  if (text.empty() || text.size() > limits::kImageNameBytes) return no_image(text);
  for (const char c : text) {
    if (!is_name_character(c)) return no_image(text);
  }
  const auto at = text.find('@');
  const bool has_digest = at != std::string_view::npos;
  std::string_view name = text.substr(0, at);
  std::string_view tag = "latest";
  // A colon before the last slash belongs to the registry's port.
  const auto colon = name.rfind(':');
  if (colon != std::string_view::npos && name.find('/', colon) == std::string_view::npos) {
    tag = name.substr(colon + 1);
    name = name.substr(0, colon);
  }
  const std::string_view tail = has_digest ? text.substr(at + 1) : tag;
  const bool odd_tail = tag.empty() || tail.empty() || tail.find_first_of("/@") != tail.npos;
  if (odd_tail || has_odd_segment(name)) return no_image(text);
  return ImageReference{std::string(name), std::string(tail)};
}

std::string registry_of(std::string_view repository) {
  const auto slash = repository.find('/');
  const std::string_view first = repository.substr(0, slash);
  // Newer engines take a capital letter for a host's as well, since no path may have one.
  const bool is_host_name =
      first == "localhost" ||
      first.find_first_of(".:ABCDEFGHIJKLMNOPQRSTUVWXYZ") != std::string_view::npos;
  const bool is_host = slash != std::string_view::npos && is_host_name;
  if (!is_host || first == "index.docker.io") return std::string(kDockerHub);
  return std::string(first);
}

}  // namespace pawl
