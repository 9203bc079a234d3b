// Seeded random input: nothing crashes, and what is accepted keeps the model's promises.
#include <doctest/doctest.h>

#include <random>
#include <string>

#include "model/pipeline_json.h"
#include "sample_pipeline.h"

using namespace pawl;

namespace {

using Random = std::mt19937_64;

std::size_t pick(Random& random, std::size_t below) {
  return std::uniform_int_distribution<std::size_t>(0, below - 1)(random);
}

std::string random_bytes(Random& random, std::size_t most) {
  std::string bytes;
  for (std::size_t left = pick(random, most + 1); left > 0; --left) {
    bytes += static_cast<char>(pick(random, 256));
  }
  return bytes;
}

// Text that looks like cron more often than bytes do.
std::string random_cron(Random& random) {
  constexpr std::string_view kPieces[] = {
      " ",   " ", " ",       " ",      "*",   "*",  "*",           ",",    "-",
      "/",   "?", "L",       "W",      "#",   "LW", "0",           "1",    "2",
      "5",   "7", "15",      "31",     "59",  "60", "99999999999", "JAN",  "sun",
      "FRI", "@", "@every ", "@daily", "90s", "\t", "\n",          "\xc3", "TZ=UTC "};
  std::string text;
  for (std::size_t left = pick(random, 24); left > 0; --left) {
    text += kPieces[pick(random, std::size(kPieces))];
  }
  return text;
}

void check_schedule(Random& random, const CronSchedule& schedule, const Zone& zone) {
  const WallTime after{
      std::uniform_int_distribution<std::int64_t>(-4'000'000'000'000, 8'000'000'000'000)(random)};
  const auto tick = schedule.next(after, zone);
  if (tick) CHECK(*tick > after);
  const auto again = CronSchedule::parse(schedule.expression(), schedule.has_seconds());
  REQUIRE(again.ok());
  CHECK(*again == schedule);
}

Json random_value(Random& random) {
  switch (pick(random, 10)) {
    case 0:
      return Json();
    case 1:
      return Json(pick(random, 2) == 0);
    case 2:
      return Json(static_cast<std::int64_t>(random()));
    case 3:
      return Json(static_cast<std::int64_t>(pick(random, 300)) - 20);
    case 4:
      return Json(1e300 * static_cast<double>(pick(random, 100)));
    case 5:
      return Json(random_bytes(random, 20));
    case 6:
      return Json::array();
    case 7:
      return Json::array().push(random_cron(random)).push("dump");
    case 8:
      return Json::object();
    default:
      return Json::object().set("id", "t").set(random_bytes(random, 3), Json("x"));
  }
}

// The tree with some of its nodes replaced, dropped or repeated.
Json mutated(Random& random, const Json& json, std::size_t rarity) {
  if (pick(random, rarity) == 0) return random_value(random);
  if (json.is_array()) {
    Json::Array items;
    for (const Json& item : json.items()) {
      const std::size_t fate = pick(random, rarity);
      for (std::size_t i = fate == 0 ? 0 : fate == 1 ? 2 : 1; i > 0; --i) {
        items.push_back(mutated(random, item, rarity));
      }
    }
    return Json(std::move(items));
  }
  if (!json.is_object()) return json;
  Json::Object members;
  for (const auto& [name, value] : json.members()) {
    const std::size_t fate = pick(random, rarity);
    for (std::size_t i = fate == 0 ? 0 : fate == 1 ? 2 : 1; i > 0; --i) {
      members.emplace_back(name, mutated(random, value, rarity));
    }
  }
  return Json(std::move(members));
}

void check_pipeline(const Pipeline& pipeline) {
  CHECK(is_valid_name(pipeline.name));
  CHECK_FALSE(pipeline.tasks.empty());
  for (std::size_t i = 0; i < pipeline.tasks.size(); ++i) {
    for (const std::uint32_t upstream : pipeline.tasks[i].upstream) {
      CHECK(upstream < pipeline.tasks.size());
      CHECK(upstream != i);
    }
  }
  const auto again = pipeline_from_json(to_json(pipeline));
  REQUIRE(again.ok());
  CHECK(equal(*again, pipeline));
  CHECK(content_hash(*again) == content_hash(pipeline));
}

}  // namespace

TEST_CASE("random text as a cron expression") {
  Random random(1);
  const Zone zone = Zone::load("Europe/Berlin").value();
  std::size_t accepted = 0;
  for (int i = 0; i < 150'000; ++i) {
    const std::string text = i % 4 == 0 ? random_bytes(random, 40) : random_cron(random);
    const auto parsed = CronSchedule::parse(text, i % 2 == 0);
    if (!parsed) {
      if (parsed.error().kind != ErrorKind::kInvalid || parsed.error().message.empty()) {
        FAIL_CHECK("bad error for " << text);
      }
      continue;
    }
    ++accepted;
    check_schedule(random, *parsed, zone);
  }
  CHECK(accepted > 100);
}

TEST_CASE("mutated trees as a pipeline") {
  Random random(2);
  const Json sample = to_json(later_sample_pipeline());
  std::size_t accepted = 0;
  for (int i = 0; i < 1'500; ++i) {
    const auto read = pipeline_from_json(mutated(random, sample, 20 + pick(random, 400)));
    if (!read) {
      if (read.error().kind != ErrorKind::kCorrupt) FAIL_CHECK(read.error().text());
      continue;
    }
    ++accepted;
    check_pipeline(*read);
  }
  CHECK(accepted > 100);
}

TEST_CASE("damaged text as a pipeline") {
  Random random(3);
  const std::string sample = to_json(later_sample_pipeline()).dump();
  std::size_t accepted = 0;
  for (int i = 0; i < 1'500; ++i) {
    std::string text = sample;
    for (std::size_t left = 1 + pick(random, 4); left > 0; --left) {
      const std::size_t at = pick(random, text.size());
      switch (pick(random, 4)) {
        case 0:
          text[at] = static_cast<char>(pick(random, 256));
          break;
        case 1:
          text.erase(at, 1 + pick(random, 8));
          break;
        case 2:
          text.insert(at, random_bytes(random, 4));
          break;
        default:
          text[at] = static_cast<char>('0' + pick(random, 10));
          break;
      }
    }
    const auto json = Json::parse(text);
    if (!json) continue;
    const auto read = pipeline_from_json(*json);
    if (!read) continue;
    ++accepted;
    check_pipeline(*read);
  }
  CHECK(accepted > 100);
}
