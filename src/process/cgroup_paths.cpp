#include "process/cgroup_paths.h"

#include <optional>
#include <vector>

namespace pawl {
namespace {

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

// mountinfo writes space, tab, newline and backslash as \ooo.
std::string unescape(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 3 >= text.size()) {
      plain += text[i];
      continue;
    }
    int code = 0;
    for (std::size_t digit = 1; digit <= 3; ++digit) code = code * 8 + (text[i + digit] - '0');
    plain += static_cast<char>(code);
    i += 3;
  }
  return plain;
}

struct CgroupMount {
  std::string root;   // which group the mount shows
  std::string point;  // where
  bool unified = false;
  std::vector<std::string_view> options;
};

// "31 23 0:28 ROOT POINT rw,relatime shared:1 - cgroup SOURCE rw,memory"
std::optional<CgroupMount> cgroup_mount(std::string_view line) {
  const std::size_t dash = line.find(" - ");
  if (dash == std::string_view::npos) return std::nullopt;
  const auto before = split(line.substr(0, dash), ' ');
  const auto after = split(line.substr(dash + 3), ' ');
  if (before.size() < 6 || after.size() < 3) return std::nullopt;
  if (after[0] != "cgroup" && after[0] != "cgroup2") return std::nullopt;
  return CgroupMount{unescape(before[3]), unescape(before[4]), after[0] == "cgroup2",
                     split(after[2], ',')};
}

std::optional<std::string> directory_of(const CgroupMount& mount, std::string_view group) {
  std::string_view below = group;
  if (mount.root != "/") {
    if (!below.starts_with(mount.root)) return std::nullopt;
    below.remove_prefix(mount.root.size());
    if (!below.empty() && below.front() != '/') return std::nullopt;
  }
  if (below.starts_with("/..")) return std::nullopt;
  return mount.point + (below == "/" ? std::string() : std::string(below));
}

void place(const CgroupMount& mount, std::string_view controllers, std::string_view group,
           CgroupPlaces& places) {
  const auto directory = directory_of(mount, group);
  if (!directory) return;
  if (mount.unified) {
    if (controllers.empty() && places.unified.empty()) places.unified = *directory;
    return;
  }
  for (const std::string_view name : split(controllers, ',')) {
    for (const std::string_view option : mount.options) {
      if (!name.empty() && option == name) places.controllers.emplace(name, *directory);
    }
  }
}

}  // namespace

CgroupPlaces cgroup_places(std::string_view self_cgroup, std::string_view mountinfo) {
  CgroupPlaces places;
  for (const std::string_view line : split(mountinfo, '\n')) {
    const auto mount = cgroup_mount(line);
    if (!mount) continue;
    // "4:memory:/system.slice/pawl.service", "0::/system.slice/pawl.service"
    for (const std::string_view entry : split(self_cgroup, '\n')) {
      const std::size_t first = entry.find(':');
      const std::size_t second = entry.find(':', first + 1);
      if (first == std::string_view::npos || second == std::string_view::npos) continue;
      place(*mount, entry.substr(first + 1, second - first - 1), entry.substr(second + 1), places);
    }
  }
  return places;
}

}  // namespace pawl
