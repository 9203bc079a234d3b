// Zones: names, civil arithmetic across jumps, and the embedded copy beside the host's.
#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "model/embedded_zones.h"
#include "model/limits.h"
#include "model/zone.h"

using namespace pawl;

namespace {

WallTime at(const char* text) { return parse_rfc3339(text).value(); }
Zone zone(std::string_view name) { return Zone::load(name).value(); }

// For the whole process another zone, since a zone stays as it was first loaded.
constexpr std::string_view kReplaced = "Indian/Maldives";

// Points TZDIR somewhere else for its lifetime.
class ZoneDirectory {
 public:
  explicit ZoneDirectory(const std::string& path) {
    if (const char* before = std::getenv("TZDIR")) before_ = before;
    ::setenv("TZDIR", path.c_str(), 1);
  }
  ~ZoneDirectory() {
    if (before_.empty()) {
      ::unsetenv("TZDIR");
    } else {
      ::setenv("TZDIR", before_.c_str(), 1);
    }
  }
  ZoneDirectory(const ZoneDirectory&) = delete;
  ZoneDirectory& operator=(const ZoneDirectory&) = delete;

 private:
  std::string before_;
};

// A fresh directory, gone with the object.
class ScratchDirectory {
 public:
  ScratchDirectory() {
    std::string pattern = (std::filesystem::temp_directory_path() / "pawl-zone-XXXXXX").string();
    REQUIRE(::mkdtemp(pattern.data()) != nullptr);
    path_ = pattern;
  }
  ~ScratchDirectory() { std::filesystem::remove_all(path_); }
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;

  void write(std::string_view name, std::string_view bytes) const {
    std::filesystem::create_directories((path_ / name).parent_path());
    std::ofstream(path_ / name, std::ios::binary) << bytes;
  }
  [[nodiscard]] std::string path() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

}  // namespace

TEST_CASE("names that are none are refused before any file is touched") {
  for (const char* name :
       {"", "/etc/localtime", "../../etc/passwd", "Europe/../UTC", "Europe//Berlin", "Europe/",
        "./UTC", "Europe/.hidden", "Fixed/UTC+01:00:00", ":UTC", "a b", "Europe/Berlin\n",
        "Z\xc3\xbcrich"}) {
    CAPTURE(name);
    const auto loaded = Zone::load(name);
    REQUIRE_FALSE(loaded.ok());
    CHECK(loaded.error().kind == ErrorKind::kInvalid);
  }
  CHECK(Zone::load("a\nb").error().message ==
        "'a\\nb' is no time zone name; write one like Europe/Berlin or UTC");
  CHECK_FALSE(Zone::load(std::string(limits::kZoneNameBytes + 1, 'a')).ok());
  CHECK_FALSE(Zone::load(std::string_view("UTC\0", 4)).ok());
}

TEST_CASE("unknown names, and files that are no IANA zones, are not found") {
  for (const char* name : {"Europe/Atlantis", "europe/berlin", "Europe", "zone.tab", "localtime",
                           "posixrules", "posix/Europe/Berlin", "right/Europe/Berlin", "UTC0",
                           "host/Europe/Berlin", "embedded/Europe/Berlin"}) {
    CAPTURE(name);
    const auto loaded = Zone::load(name);
    REQUIRE_FALSE(loaded.ok());
    CHECK(loaded.error().kind == ErrorKind::kNotFound);
  }
  CHECK(
      Zone::load("Europe/Atlantis").error().message ==
      "unknown time zone 'Europe/Atlantis'; write an IANA name like Europe/Berlin or UTC (capitals "
      "count)");
}

TEST_CASE("equal names give equal zones, and keep the name that was asked for") {
  CHECK(zone("Europe/Berlin") == zone("Europe/Berlin"));
  CHECK_FALSE(zone("Europe/Berlin") == zone("Europe/Paris"));
  CHECK(zone("Arctic/Longyearbyen").name() == "Arctic/Longyearbyen");
  CHECK(zone("UTC") == Zone());
  CHECK(Zone().name() == "UTC");
  CHECK(zone("Etc/GMT+5").offset_s(at("2026-01-01T00:00:00Z")) == -5 * 3600);
}

TEST_CASE("instants and civil times") {
  const Zone berlin = zone("Europe/Berlin");
  CHECK(berlin.to_civil(at("2026-03-29T00:59:59.999Z")) == CivilTime{2026, 3, 29, 1, 59, 59});
  CHECK(berlin.to_civil(at("2026-03-29T01:00:00Z")) == CivilTime{2026, 3, 29, 3, 0, 0});
  CHECK(berlin.offset_s(at("2026-01-01T00:00:00Z")) == 3600);
  CHECK(berlin.offset_s(at("2026-07-01T00:00:00Z")) == 7200);
  CHECK(berlin.offset_s(at("2150-07-01T00:00:00Z")) == 7200);
  CHECK(Zone().to_civil(WallTime{-1}) == CivilTime{1969, 12, 31, 23, 59, 59});
  CHECK(Zone().offset_s(WallTime{0}) == 0);
  CHECK(Zone().lookup({2026, 3, 29, 2, 30, 0}).first == at("2026-03-29T02:30:00Z"));
}

TEST_CASE("skipped and repeated civil times") {
  const Zone berlin = zone("Europe/Berlin");
  const CivilLookup unique = berlin.lookup({2026, 6, 1, 12, 0, 0});
  CHECK(unique.kind == CivilLookup::Kind::kUnique);
  CHECK(unique.first == at("2026-06-01T10:00:00Z"));
  CHECK(unique.second == unique.first);
  const CivilLookup skipped = berlin.lookup({2026, 3, 29, 2, 30, 0});
  CHECK(skipped.kind == CivilLookup::Kind::kSkipped);
  CHECK(skipped.first == at("2026-03-29T01:00:00Z"));
  CHECK(skipped.second == skipped.first);
  const CivilLookup repeated = berlin.lookup({2026, 10, 25, 2, 30, 0});
  CHECK(repeated.kind == CivilLookup::Kind::kRepeated);
  CHECK(repeated.first == at("2026-10-25T00:30:00Z"));
  CHECK(repeated.second == at("2026-10-25T01:30:00Z"));
  // The edges.
  CHECK(berlin.lookup({2026, 3, 29, 3, 0, 0}).kind == CivilLookup::Kind::kUnique);
  CHECK(berlin.lookup({2026, 10, 25, 1, 59, 59}).kind == CivilLookup::Kind::kUnique);
  CHECK(berlin.lookup({2026, 10, 25, 3, 0, 0}).kind == CivilLookup::Kind::kUnique);
}

TEST_CASE("the next jump") {
  const Zone berlin = zone("Europe/Berlin");
  CHECK(berlin.next_transition(at("2026-01-01T00:00:00Z")) == at("2026-03-29T01:00:00Z"));
  CHECK(berlin.next_transition(at("2026-03-29T00:59:59.999Z")) == at("2026-03-29T01:00:00Z"));
  CHECK(berlin.next_transition(at("2026-03-29T01:00:00Z")) == at("2026-10-25T01:00:00Z"));
  CHECK(zone("Antarctica/Troll").next_transition(at("2026-01-01T00:00:00Z")) ==
        at("2026-03-29T01:00:00Z"));
  CHECK_FALSE(Zone().next_transition(at("2026-01-01T00:00:00Z")));
  CHECK_FALSE(zone("Asia/Tokyo").next_transition(at("2026-01-01T00:00:00Z")));
}

TEST_CASE("calendar helpers") {
  CHECK(days_in_month(2026, 2) == 28);
  CHECK(days_in_month(2028, 2) == 29);
  CHECK(days_in_month(2100, 2) == 28);
  CHECK(days_in_month(2000, 2) == 29);
  CHECK(days_in_month(2026, 12) == 31);
  CHECK(day_of_week(2026, 3, 29) == 0);
  CHECK(day_of_week(1970, 1, 1) == 4);
  CHECK(day_of_week(2028, 2, 29) == 2);
}

TEST_CASE("zones can be loaded from many threads at once") {
  const std::vector<std::string> names = {"Asia/Seoul",     "Asia/Dubai",      "Africa/Cairo",
                                          "America/Lima",   "America/Denver",  "Europe/Oslo",
                                          "Pacific/Easter", "Atlantic/Azores", "Nowhere/Atall"};
  std::vector<std::vector<Zone>> loaded(8);
  std::vector<std::thread> threads;
  for (std::vector<Zone>& mine : loaded) {
    threads.emplace_back([&mine, &names] {
      for (const std::string& name : names) {
        if (const auto found = Zone::load(name)) mine.push_back(*found);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const std::vector<Zone>& mine : loaded) {
    REQUIRE(mine.size() == names.size() - 1);
    for (std::size_t i = 0; i < mine.size(); ++i) {
      CHECK(mine[i] == loaded[0][i]);
      CHECK(mine[i].name() == names[i]);
    }
  }
}

TEST_CASE("the embedded copy serves a host without zoneinfo") {
  const ScratchDirectory empty;
  const ZoneDirectory directory(empty.path());
  const Zone auckland = zone("Pacific/Auckland");
  CHECK(auckland.to_civil(at("2026-01-01T00:00:00Z")) == CivilTime{2026, 1, 1, 13, 0, 0});
  CHECK(auckland.next_transition(at("2060-01-01T00:00:00Z")) == at("2060-04-03T14:00:00Z"));
  CHECK(Zone::load("Pacific/Atlantis").error().kind == ErrorKind::kNotFound);
}

TEST_CASE("the host's own zoneinfo comes first, and a damaged file of it does not count") {
  const ScratchDirectory scratch;
  const auto tokyo = find_embedded_zone("Asia/Tokyo");
  REQUIRE(tokyo);
  scratch.write(kReplaced, *tokyo);
  scratch.write("Indian/Mauritius", "TZif2 and then nothing of the kind");
  scratch.write("Indian/Chagos", tokyo->substr(0, tokyo->size() - 20));
  scratch.write("Indian/Reunion", "");
  scratch.write("Indian/Mahe", std::string(limits::kZoneFileBytes + 1, 'x'));
  const ZoneDirectory directory(scratch.path());
  const WallTime time = at("2026-01-01T00:00:00Z");
  CHECK(zone(kReplaced).offset_s(time) == 9 * 3600);
  CHECK(zone("Indian/Mauritius").offset_s(time) == 4 * 3600);
  CHECK(zone("Indian/Chagos").offset_s(time) == 6 * 3600);
  CHECK(zone("Indian/Reunion").offset_s(time) == 4 * 3600);
  CHECK(zone("Indian/Mahe").offset_s(time) == 4 * 3600);
}

TEST_CASE("the embedded table is in order and within its bytes") {
  const EmbeddedZoneTable& table = embedded_zones();
  CHECK(table.zones.size() > 400);
  CHECK(table.bytes.size() < 400'000);
  std::string_view before;
  for (const EmbeddedZone& entry : table.zones) {
    CHECK(before < table.name(entry));
    before = table.name(entry);
    CHECK(table.data(entry).starts_with("TZif2"));
    CHECK(find_embedded_zone(before) == table.data(entry));
  }
  CHECK_FALSE(find_embedded_zone("Nowhere"));
  CHECK_FALSE(find_embedded_zone(""));
  CHECK_FALSE(find_embedded_zone("zzz"));
}

TEST_CASE("from 1970 on, every embedded zone equals the host's") {
  const char* given = std::getenv("TZDIR");
  if (!std::filesystem::exists(given != nullptr ? given : "/usr/share/zoneinfo")) return;
  // Loaded as files of another directory, so that both copies are zones of this process.
  const ScratchDirectory scratch;
  const EmbeddedZoneTable& table = embedded_zones();
  std::vector<std::pair<Zone, Zone>> pairs;
  for (const EmbeddedZone& entry : table.zones) {
    const std::string name(table.name(entry));
    if (name == kReplaced) continue;
    const auto of_host = Zone::load(name);
    REQUIRE(of_host.ok());
    scratch.write("Copy/" + name, table.data(entry));
    const ZoneDirectory directory(scratch.path());
    pairs.emplace_back(*of_host, zone("Copy/" + name));
  }
  const WallTime end = at("2100-01-01T00:00:00Z");
  for (const auto& [host, embedded] : pairs) {
    CAPTURE(host.name());
    WallTime time{0};
    CHECK(host.offset_s(time) == embedded.offset_s(time));
    while (true) {
      const auto jump = host.next_transition(time);
      REQUIRE(embedded.next_transition(time) == jump);
      if (!jump || *jump > end) break;
      REQUIRE(host.to_civil(*jump) == embedded.to_civil(*jump));
      time = *jump;
    }
  }
}
