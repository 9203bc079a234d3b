// The engine skips an entry for the directory itself ("."), so the entry names it by the way over its parent. To
// extract at the parent instead is refused where the container's root is read-only. A container of the
// agent's own that runs chmod would need an image, and the time of a start.
#include "docker/volume_archive.h"

#include <algorithm>

#include "docker/tar_header.h"

namespace pawl {

namespace {

std::string archive_of(const std::string& name) {
  return tar_header({name, 01777, 0, true}) + std::string(kTarEndBytes, '\0');
}

std::string last_of(std::string_view target) {
  return std::string(target.substr(target.rfind('/') + 1)) + "/";
}

}  // namespace

std::string opening_archive(std::string_view target) { return archive_of("../" + last_of(target)); }

std::string opening_archive_of_parent(std::string_view target) {
  return archive_of(last_of(target));
}

std::string parent_of(std::string_view target) {
  return std::string(target.substr(0, std::max<std::size_t>(target.rfind('/'), 1)));
}

}  // namespace pawl
