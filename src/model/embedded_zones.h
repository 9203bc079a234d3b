// The copy of the IANA zones that is built into the binary: for hosts without zoneinfo (an empty
// root, a minimal image). Read-only data, paged in as it is touched; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace pawl {

// One name; several may share their data. Offsets are into EmbeddedZoneTable::bytes.
struct EmbeddedZone {
  std::uint32_t name_offset;
  std::uint32_t data_offset;
  std::uint16_t name_size;
  std::uint16_t data_size;
};

struct EmbeddedZoneTable {
  std::span<const EmbeddedZone> zones;  // by name, rising
  std::string_view bytes;
  [[nodiscard]] std::string_view name(const EmbeddedZone& zone) const {
    return bytes.substr(zone.name_offset, zone.name_size);
  }
  [[nodiscard]] std::string_view data(const EmbeddedZone& zone) const {
    return bytes.substr(zone.data_offset, zone.data_size);
  }
};

// Defined in the source that src/model/pack_zones.py writes at build time.
[[nodiscard]] const EmbeddedZoneTable& embedded_zones();

// The zone as a TZif file (RFC 8536) with the transitions from 1970 on.
[[nodiscard]] std::optional<std::string_view> find_embedded_zone(std::string_view name);

}  // namespace pawl
