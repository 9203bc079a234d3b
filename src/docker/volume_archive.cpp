// The engine skips an entry for the directory itself ("."), so the entry names it by the way over its parent. To
// extract at the parent instead is refused where the container's root is read-only. A container of the
// agent's own that runs chmod would need an image, and the time of a start.
#include "docker/volume_archive.h"

#include "docker/tar_header.h"

namespace pawl {

std::string opening_archive(std::string_view target) {
  const std::string name = "../" + std::string(target.substr(target.rfind('/') + 1)) + "/";
  return tar_header({name, 01777, 0, true}) + std::string(kTarEndBytes, '\0');
}

}  // namespace pawl
