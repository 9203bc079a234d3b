// How a volume is opened to every user of its containers, through the only door that the engine has to what is
// in one: the extraction of an archive into a container that need not run. Pure.
#pragma once

#include <string>
#include <string_view>

namespace pawl {

// A tar archive that, extracted at `target` (absolute, not /), gives that very directory the mode 01777 and the owner
// root, and adds nothing.
[[nodiscard]] std::string opening_archive(std::string_view target);

// The same for Podman, which passes over the way back to the parent: to be extracted at parent_of(target).
[[nodiscard]] std::string opening_archive_of_parent(std::string_view target);
[[nodiscard]] std::string parent_of(std::string_view target);

}  // namespace pawl
