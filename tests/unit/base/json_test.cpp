#include <doctest/doctest.h>

#include <string>

#include "base/json.h"

using namespace pawl;

TEST_CASE("values survive writing and reading, members keep their order") {
  Json json;
  json.set("z", 1).set("a", Json::array()).set("text", "ü\n\"").set("no", nullptr).set("x", 1.5);
  json.set("big", INT64_MAX).set("yes", true);
  CHECK(json.dump() ==
        "{\"z\":1,\"a\":[],\"text\":\"ü\\n\\\"\",\"no\":null,\"x\":1.5,"
        "\"big\":9223372036854775807,\"yes\":true}");
  const auto again = Json::parse(json.dump());
  REQUIRE(again.ok());
  CHECK(*again == json);
}

TEST_CASE("looking up what is not there gives null, never a crash") {
  const Json json = *Json::parse(R"({"a": {"b": [1, 2]}})");
  CHECK(json["a"]["b"].items().size() == 2);
  CHECK(json["x"]["y"]["z"].is_null());
  CHECK(json["a"].as_integer(7) == 7);
  CHECK(json["a"]["b"].as_string().empty());
}

TEST_CASE("what is no JSON is refused and says where") {
  for (const char* bad :
       {"", "{", "[1,]", "{\"a\":1,\"a\":2}", "nul", "1 2", "\"\x01\"", "{'a':1}", "\"\xff\""}) {
    CAPTURE(bad);
    const auto parsed = Json::parse(bad);
    REQUIRE_FALSE(parsed.ok());
    CHECK(parsed.error().kind == ErrorKind::kInvalid);
  }
  CHECK(Json::parse("[1, x]").error().message.find("byte 5") != std::string::npos);
}

TEST_CASE("depth is bounded while reading") {
  const std::string deep(100'000, '[');
  const auto parsed = Json::parse(deep, 32);
  REQUIRE_FALSE(parsed.ok());
  CHECK(parsed.error().kind == ErrorKind::kTooLarge);
  CHECK(Json::parse("[[[]]]", 3).ok());
  CHECK_FALSE(Json::parse("[[[]]]", 2).ok());
}

TEST_CASE("bytes that are not UTF-8 are replaced when writing") {
  CHECK(Json("a\xff z").dump() == "\"a\xef\xbf\xbd z\"");
}
