// -o yaml: what a YAML reader gets back is what the JSON says.
#include "cli/yaml_text.h"

#include <doctest/doctest.h>

#include "config/problem_list.h"
#include "config/yaml_parser.h"

using namespace pawl;
using namespace pawl::cli;

namespace {

using config::YamlNode;

// As JSON, with every scalar as text and quoted ones marked.
Json read_back(const YamlNode& node) {
  switch (node.kind) {
    case YamlNode::Kind::kNull:
      return {};
    case YamlNode::Kind::kScalar:
      return (node.is_plain ? "plain " : "quoted ") + node.text;
    case YamlNode::Kind::kSequence: {
      Json list = Json::array();
      for (const YamlNode* item : node.items) list.push(read_back(*item));
      return list;
    }
    case YamlNode::Kind::kMapping:
      break;
  }
  Json map = Json::object();
  for (const YamlNode::Entry& entry : node.entries) map.set(entry.key, read_back(*entry.value));
  return map;
}

Json through_yaml(const Json& json) {
  const std::string text = to_yaml(json);
  INFO(text);
  config::ProblemList problems("test.yaml");
  const config::YamlFile file = config::parse_yaml(text, 1 << 20, problems);
  CHECK(problems.empty());
  REQUIRE(file.documents.size() == 1);
  return read_back(*file.documents.front());
}

std::string string_through_yaml(const std::string& text) {
  return through_yaml(Json::object().set("key", text))["key"].as_string();
}

}  // namespace

TEST_CASE("objects and lists in block style") {
  const Json json = Json::parse(R"({"name":"nightly","tasks":[{"id":"a","after":[]},
      {"id":"b","after":["a","c d"],"more":{"x":1}}],"none":{},"matrix":[[1,2],[]],
      "flags":[true,false,null],"number":1.5})")
                        .value();
  CHECK(to_yaml(json) ==
        "name: nightly\n"
        "tasks:\n"
        "  - id: a\n"
        "    after: []\n"
        "  - id: b\n"
        "    after:\n"
        "      - a\n"
        "      - \"c d\"\n"
        "    more:\n"
        "      x: 1\n"
        "none: {}\n"
        "matrix:\n"
        "  - - 1\n"
        "    - 2\n"
        "  - []\n"
        "flags:\n"
        "  - true\n"
        "  - false\n"
        "  - null\n"
        "number: 1.5\n");
  CHECK(through_yaml(json)["tasks"].items()[1]["after"].items()[1].as_string() == "quoted c d");
  CHECK(to_yaml(Json::object()) == "{}\n");
}

TEST_CASE("a string stays a string, whatever it looks like") {
  for (const char* text : {"",
                           " ",
                           "true",
                           "No",
                           "NULL",
                           "on",
                           "y",
                           "~",
                           "1",
                           "1.5",
                           "0x1f",
                           ".inf",
                           "-",
                           "- a",
                           "a: b",
                           "a #b",
                           "#",
                           "*x",
                           "&x",
                           "!x",
                           "@daily",
                           "`x`",
                           "%x",
                           "[x]",
                           "{x}",
                           "x,y",
                           "a\nb",
                           "\t",
                           "'",
                           "\"",
                           "\\",
                           "2026-03-29T12:00:00.000Z",
                           "a ",
                           " a",
                           "gr\xc3\xbc\xc3\x9f",
                           "---",
                           "...",
                           "\x1b[2J",
                           "?"}) {
    CAPTURE(text);
    CHECK(string_through_yaml(text) == std::string("quoted ") + text);
  }
  for (const char* text : {"nightly-backup", "exit_code", "alpine", "refs/heads/main", "a.yaml"}) {
    CAPTURE(text);
    CHECK(string_through_yaml(text) == std::string("plain ") + text);
  }
}

TEST_CASE("keys are quoted alike") {
  CHECK(to_yaml(Json::object().set("on", 1).set("a b", 2)) == "\"on\": 1\n\"a b\": 2\n");
}
