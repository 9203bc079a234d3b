// Abseil's time library (cctz inside) reads TZif and does the arithmetic; this file feeds it and
// keeps it from everybody else.
//
// Abseil finds zone files by itself, but trusts names and sizes, remembers every unknown name for
// ever, and cannot tell "missing" from "damaged". So files are read here (bounded, names checked),
// and handed to it through the hook that it has for this: zone_info_source_factory, a weak symbol
// overridden below. It sees each zone under a name of ours ("host/..." or "embedded/...") because
// it asks only once for a name, failed or not. Rejected: a TZif reader of our own.
#include "model/zone.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <utility>

#include <absl/time/civil_time.h>
#include <absl/time/internal/cctz/include/cctz/zone_info_source.h>
#include <absl/time/time.h>
#include "base/file.h"
#include "base/log.h"
#include "model/embedded_zones.h"
#include "model/limits.h"

namespace pawl {
namespace {

namespace cctz = absl::time_internal::cctz;

struct ZoneData {
  std::string name;
  absl::TimeZone zone;
};

struct Registry {
  std::mutex mutex;
  std::map<std::string, std::unique_ptr<const ZoneData>, std::less<>> zones;
  std::string_view offered;  // the TZif bytes of the load that is under way
};

// Never destroyed: zones are handed out for the life of the process.
Registry& registry() {
  static Registry& instance = *new Registry;
  return instance;
}

class OfferedSource : public cctz::ZoneInfoSource {
 public:
  explicit OfferedSource(std::string_view bytes) : rest_(bytes) {}

  std::size_t Read(void* target, std::size_t size) override {
    size = std::min(size, rest_.size());
    std::memcpy(target, rest_.data(), size);
    rest_.remove_prefix(size);
    return size;
  }
  int Skip(std::size_t offset) override {
    rest_.remove_prefix(std::min(offset, rest_.size()));
    return 0;
  }

 private:
  std::string_view rest_;
};

std::unique_ptr<cctz::ZoneInfoSource> offer(
    const std::string&,
    const std::function<std::unique_ptr<cctz::ZoneInfoSource>(const std::string&)>&) {
  // Called inside load_bytes(), which holds the lock; any other use of Abseil's zones gets nothing.
  const std::string_view bytes = registry().offered;
  if (bytes.empty()) return nullptr;
  return std::make_unique<OfferedSource>(bytes);
}

constexpr std::string_view kHost = "host/";
constexpr std::string_view kEmbedded = "embedded/";

std::optional<absl::TimeZone> load_bytes(Registry& all, std::string_view origin,
                                         std::string_view name, std::string_view bytes) {
  if (bytes.empty()) return std::nullopt;
  all.offered = bytes;
  absl::TimeZone zone;
  const bool loaded = absl::LoadTimeZone(std::string(origin).append(name), &zone);
  all.offered = {};
  return loaded ? std::optional(zone) : std::nullopt;
}

std::string host_path(std::string_view name) {
  const char* directory = std::getenv("TZDIR");
  if (directory == nullptr || *directory == '\0') directory = "/usr/share/zoneinfo";
  return std::string(directory).append("/").append(name);
}

std::optional<absl::TimeZone> load_data(Registry& all, std::string_view name) {
  if (const Result<std::string> file = read_file(host_path(name), limits::kZoneFileBytes)) {
    if (auto zone = load_bytes(all, kHost, name, *file)) return zone;
  }
  return load_bytes(all, kEmbedded, name, find_embedded_zone(name).value_or(""));
}

// Letters, digits and ._+- in parts between slashes, no part starting with a dot.
bool is_zone_name(std::string_view name) {
  if (name.empty() || name.size() > limits::kZoneNameBytes || name.back() == '/') return false;
  char before = '/';
  for (char c : name) {
    const bool plain = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                       c == '_' || c == '+' || c == '-';
    if (!plain && (before == '/' || (c != '.' && c != '/'))) return false;
    before = c;
  }
  return true;
}

// Files of a zoneinfo directory that are no IANA names: whatever the host is set to, another copy,
// and a copy that counts leap seconds.
bool is_host_alias(std::string_view name) {
  return name == "localtime" || name == "posixrules" || name.starts_with("posix/") ||
         name.starts_with("right/");
}

const ZoneData& data_of(const void* impl) { return *static_cast<const ZoneData*>(impl); }

std::int64_t floor_seconds(WallTime time) { return time.ms / 1000 - (time.ms % 1000 < 0 ? 1 : 0); }

WallTime from_seconds(std::int64_t seconds) {
  constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max() / 1000;
  return WallTime{std::clamp(seconds, -kMax, kMax) * 1000};
}

WallTime from_absl(absl::Time time) { return from_seconds(absl::ToUnixSeconds(time)); }

absl::CivilSecond to_absl(const CivilTime& civil) {
  return absl::CivilSecond(civil.year, civil.month, civil.day, civil.hour, civil.minute,
                           civil.second);
}

constexpr absl::CivilSecond kEpoch(1970, 1, 1, 0, 0, 0);

}  // namespace

Result<Zone> Zone::load(std::string_view name) {
  if (!is_zone_name(name)) {
    return Error{ErrorKind::kInvalid,
                 "'" + escape_control(name.substr(0, limits::kZoneNameBytes)) +
                     "' is no time zone name; write one like Europe/Berlin or UTC",
                 {}};
  }
  Zone zone;
  if (name == "UTC") return zone;
  Registry& all = registry();
  std::lock_guard lock(all.mutex);
  auto found = all.zones.find(name);
  if (found == all.zones.end()) {
    std::optional<absl::TimeZone> loaded;
    if (!is_host_alias(name)) loaded = load_data(all, name);
    if (!loaded) {
      return Error{ErrorKind::kNotFound,
                   "unknown time zone '" + std::string(name) +
                       "'; write an IANA name like Europe/Berlin or UTC (capitals count)",
                   {}};
    }
    found =
        all.zones
            .emplace(name, std::make_unique<const ZoneData>(ZoneData{std::string(name), *loaded}))
            .first;
  }
  zone.impl_ = found->second.get();
  return zone;
}

std::string Zone::name() const { return impl_ == nullptr ? "UTC" : data_of(impl_).name; }

CivilTime Zone::to_civil(WallTime time) const {
  const absl::CivilSecond civil = impl_ == nullptr
                                      ? kEpoch + floor_seconds(time)
                                      : data_of(impl_).zone.At(absl::FromUnixMillis(time.ms)).cs;
  return {civil.year(), civil.month(), civil.day(), civil.hour(), civil.minute(), civil.second()};
}

std::int32_t Zone::offset_s(WallTime time) const {
  return impl_ == nullptr ? 0 : data_of(impl_).zone.At(absl::FromUnixMillis(time.ms)).offset;
}

CivilLookup Zone::lookup(const CivilTime& civil) const {
  CivilLookup result;
  if (impl_ == nullptr) {
    result.first = result.second = from_seconds(to_absl(civil) - kEpoch);
    return result;
  }
  const absl::TimeZone::TimeInfo info = data_of(impl_).zone.At(to_absl(civil));
  switch (info.kind) {
    case absl::TimeZone::TimeInfo::UNIQUE:
      result.first = result.second = from_absl(info.pre);
      break;
    case absl::TimeZone::TimeInfo::SKIPPED:
      result.kind = CivilLookup::Kind::kSkipped;
      result.first = result.second = from_absl(info.trans);
      break;
    case absl::TimeZone::TimeInfo::REPEATED:
      result.kind = CivilLookup::Kind::kRepeated;
      result.first = from_absl(info.pre);
      result.second = from_absl(info.post);
      break;
  }
  return result;
}

std::optional<WallTime> Zone::next_transition(WallTime time) const {
  if (impl_ == nullptr) return std::nullopt;
  const absl::TimeZone& zone = data_of(impl_).zone;
  absl::TimeZone::CivilTransition jump;
  if (!zone.NextTransition(absl::FromUnixMillis(time.ms), &jump)) return std::nullopt;
  // The lower end of the jump is skipped or repeated, and so leads to the instant of the jump.
  return from_absl(zone.At(std::min(jump.from, jump.to)).trans);
}

int days_in_month(std::int64_t year, int month) {
  const absl::CivilMonth first(year, month);
  return static_cast<int>(absl::CivilDay(first + 1) - absl::CivilDay(first));
}

int day_of_week(std::int64_t year, int month, int day) {
  // Abseil counts from Monday.
  return (static_cast<int>(absl::GetWeekday(absl::CivilDay(year, month, day))) + 1) % 7;
}

}  // namespace pawl

namespace absl {
ABSL_NAMESPACE_BEGIN
namespace time_internal {
namespace cctz_extension {

ZoneInfoSourceFactory zone_info_source_factory = pawl::offer;

}  // namespace cctz_extension
}  // namespace time_internal
ABSL_NAMESPACE_END
}  // namespace absl
