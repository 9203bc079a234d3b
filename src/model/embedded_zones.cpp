#include "model/embedded_zones.h"

#include <algorithm>

namespace pawl {

std::optional<std::string_view> find_embedded_zone(std::string_view name) {
  const EmbeddedZoneTable& table = embedded_zones();
  const auto found = std::lower_bound(
      table.zones.begin(), table.zones.end(), name,
      [&](const EmbeddedZone& zone, std::string_view wanted) { return table.name(zone) < wanted; });
  if (found == table.zones.end() || table.name(*found) != name) return std::nullopt;
  return table.data(*found);
}

}  // namespace pawl
