// The bounded tree: what is refused, what is built, and where it says things stand.
#include "config/yaml_parser.h"

#include <pthread.h>

#include "loading.h"
#include "model/limits.h"

using namespace pawl;
using config::Place;
using config::ProblemList;
using config::YamlFile;
using config::YamlNode;
using Lines = std::vector<std::string>;
using Kind = config::YamlNode::Kind;

namespace {

constexpr std::size_t kMaxBytes = limits::kPipelineFileBytes;

struct Parsed {
  YamlFile file;
  Lines problems;
};

Parsed parse(std::string_view text) {
  ProblemList problems("f.yaml");
  Parsed parsed{config::parse_yaml(text, kMaxBytes, problems), {}};
  parsed.problems = lines(problems.take());
  return parsed;
}

const YamlNode& root_of(const Parsed& parsed) {
  CHECK(parsed.problems == Lines{});
  REQUIRE(parsed.file.documents.size() == 1);
  return *parsed.file.documents.front();
}

std::string repeated(std::string_view text, std::size_t times) {
  std::string result;
  for (std::size_t i = 0; i < times; ++i) result += text;
  return result;
}

const std::string kTooDeep = "lists and mappings are nested more than 32 levels deep";

}  // namespace

TEST_CASE("the tree has texts, kinds and places") {
  const Parsed parsed = parse(
      "# comment\n"
      "plain: a b\n"
      "quoted: \"1\"\n"
      "block: |\n"
      "  one\n"
      "list:\n"
      "- 1\n"
      "- [x, 'y']\n"
      "empty:\n"
      "\"k\": {a: ~, b: null}\n");
  const YamlNode& root = root_of(parsed);
  REQUIRE(root.kind == Kind::kMapping);
  CHECK(root.place == Place{2, 1});
  REQUIRE(root.entries.size() == 6);
  CHECK(root.entries[0].key == "plain");
  CHECK(root.entries[0].key_place == Place{2, 1});
  CHECK(root.entries[0].value->text == "a b");
  CHECK(root.entries[0].value->is_plain);
  CHECK(root.entries[0].value->place == Place{2, 8});
  CHECK_FALSE(root.find("quoted")->is_plain);
  CHECK_FALSE(root.find("block")->is_plain);
  CHECK(root.find("block")->text == "one\n");
  const YamlNode& list = *root.find("list");
  REQUIRE(list.kind == Kind::kSequence);
  REQUIRE(list.items.size() == 2);
  CHECK(list.items[0]->place == Place{7, 3});
  CHECK(list.items[1]->items[1]->place == Place{8, 7});
  CHECK(list.height == 3);
  CHECK(list.size == 5);
  // A missing value stands at its key.
  CHECK(root.find("empty")->kind == Kind::kNull);
  CHECK(root.find("empty")->place == Place{9, 1});
  CHECK(root.find("k")->find("a")->kind == Kind::kNull);
  CHECK(root.find("k")->find("b")->kind == Kind::kNull);
}

TEST_CASE("columns count characters, also in long lines") {
  const Parsed parsed = parse("{ä: ö, " + repeated("é", 500) + ": ü, b: x}\n");
  const YamlNode& root = root_of(parsed);
  CHECK(root.entries[0].value->place == Place{1, 5});
  CHECK(root.entries[1].key_place == Place{1, 8});
  CHECK(root.entries[1].value->place == Place{1, 510});
  CHECK(root.entries[2].value->place == Place{1, 516});
}

TEST_CASE("list items that are missing stand at their dash") {
  const Parsed parsed = parse("- a\n-\n-\n- b\n-\n");
  const YamlNode& root = root_of(parsed);
  REQUIRE(root.items.size() == 5);
  CHECK(root.items[1]->place == Place{2, 1});
  CHECK(root.items[2]->place == Place{3, 1});
  CHECK(root.items[4]->place == Place{5, 1});
}

TEST_CASE("text that is no clean UTF-8 is refused before parsing") {
  CHECK(parse("a: \xff\n").problems == Lines{"1:4: not valid UTF-8; save the file as UTF-8"});
  CHECK(parse("a: ä\xc3").problems == Lines{"1:5: not valid UTF-8; save the file as UTF-8"});
  CHECK(parse("a: \xe0\x81\x81").problems.size() == 1);      // overlong
  CHECK(parse("a: \xf0\x80\x81\x81").problems.size() == 1);  // overlong
  CHECK(parse("a: \xc0\x80").problems.size() == 1);          // overlong
  CHECK(parse("a: \xed\xa0\x80").problems.size() == 1);      // surrogate
  CHECK(parse("a: \xf4\x90\x80\x80").problems.size() == 1);  // over U+10FFFF
  CHECK(
      parse(std::string_view("a: b\n\0c: d\n", 11)).problems ==
      Lines{"2:1: the control character U+0000 is not allowed in YAML; inside double quotes write "
            "it as an escape"});
  CHECK(parse("a: \x04\n").problems.size() == 1);  // yaml-cpp's own end mark
  CHECK(parse("a: \x1b[2J\n").problems.size() == 1);
  CHECK(parse("a: b\xef\xbb\xbf\n").problems.size() == 1);
  CHECK(parse("a: b\rc: d\n").problems ==
        Lines{"1:5: a carriage return that ends no line; save the file with LF line ends"});
  for (std::string_view start : {std::string_view("\xff\xfe"
                                                  "a\0",
                                                  4),
                                 std::string_view("\xfe\xff\0a", 4), std::string_view("a\0b\0", 4),
                                 std::string_view("\0\0\0a", 4)}) {
    const Lines problems = parse(start).problems;
    REQUIRE(problems.size() == 1);
    CHECK(problems.front().starts_with("1:1: "));
  }
  CHECK(parse("a: \xf0\x9f\x98\x80\tb\n").problems.empty());
}

TEST_CASE("too large a file is refused by its size alone") {
  const Parsed parsed = parse(repeated("[", kMaxBytes + 1));
  CHECK(parsed.problems == Lines{"0:0: the file has 262145 bytes; at most 262144 are read"});
  CHECK(parse("a: " + repeated("x", kMaxBytes - 3)).problems.empty());
}

TEST_CASE("syntax errors are in the user's words") {
  CHECK(parse("a: [1, 2\nb: 3\n").problems.size() == 1);
  CHECK(parse("a:\n\tb: c\n").problems ==
        Lines{"2:3: a tab in the indentation; YAML takes spaces only"});
  CHECK(parse("a: b: c\n").problems ==
        Lines{"1:5: ':' does not fit here; check the indentation, or put text with ': ' in it into "
              "quotes"});
  CHECK(parse("a: \"b\nc: d\n").problems == Lines{"1:4: these quotes are never closed"});
  CHECK(parse("a: &x !!str 'b\nc: d\n").problems == Lines{"1:4: these quotes are never closed"});
  CHECK(parse("a: [\"b\nc: d]\n").problems.size() == 1);
  CHECK(parse("a: 'it''s'\nb: \"\\\"\"\n").problems.empty());
  CHECK(parse("a: 'b'").problems.empty());
  CHECK(parse("a: ]\n").problems == Lines{"1:4: this bracket closes nothing"});
  CHECK(parse("a: *b\n").problems == Lines{"1:4: no anchor of this name (&name) stands above"});
  const Lines unclosed = parse("a: [1,\n  2,\n").problems;
  REQUIRE(unclosed.size() == 1);
  CHECK(unclosed.front().ends_with("',' or ']' is expected here; '[' was opened in line 1"));
  // What was read before the error is kept, so that its problems are reported too.
  const Parsed parsed = parse("a: 1\n---\nb: ]\n");
  CHECK(parsed.file.documents.size() == 1);
  CHECK(parsed.problems.size() == 1);
}

TEST_CASE("documents are told apart by '---' alone") {
  CHECK(parse("a\n---\nb\n...\n---\nc\n").file.documents.size() == 3);
  const std::string refusal =
      "this belongs to nothing above it; a further document starts with a line '---'";
  CHECK(parse("\"a\" \"b\"\n").problems == Lines{"1:5: " + refusal});
  // yaml-cpp reports this one as empty documents without end.
  CHECK(parse(",").problems == Lines{"1:1: " + refusal});
  CHECK(parse("a\n...\nb\n").problems == Lines{"3:1: " + refusal});
}

TEST_CASE("keys") {
  CHECK(parse("a: 1\nb: 2\n\"a\": 3\n").problems ==
        Lines{"3:1: key \"a\" is given twice; the first is in line 1"});
  CHECK(parse("? {x: y}\n: 1\n").problems ==
        Lines{"1:3: a key must be text, not a list or a mapping"});
  CHECK(parse("~: 1\n").problems ==
        Lines{"1:1: a key is missing before ':', or it is null; put null into quotes"});
  CHECK(parse("{: 1}\n").problems.size() == 1);
}

TEST_CASE("tags") {
  CHECK(parse("a: !!str 1\nb: !!map {}\nc: !!seq []\nd: ! 2\n").problems.empty());
  CHECK_FALSE(root_of(parse("!!str 1\n")).is_plain);
  CHECK(parse("a: !!binary QQ==\nb: !x y\nc: !!str [1]\n").problems ==
        Lines{"1:4: the tag \"tag:yaml.org,2002:binary\" is not supported; leave it out",
              "2:4: the tag \"!x\" is not supported; leave it out",
              "3:4: the tag \"tag:yaml.org,2002:str\" is not supported; leave it out"});
}

TEST_CASE("aliases and merges") {
  const Parsed parsed = parse(
      "base: &base {a: 1, b: 2}\n"
      "own: {<<: *base, b: 3, c: 4}\n"
      "list: {<<: [{a: 5}, *base]}\n"
      "quoted: {\"<<\": x}\n"
      "again: *base\n");
  const YamlNode& root = root_of(parsed);
  const YamlNode& own = *root.find("own");
  CHECK(own.entries.size() == 3);
  CHECK(own.find("a")->text == "1");
  CHECK(own.find("b")->text == "3");
  CHECK(root.find("list")->find("a")->text == "5");
  CHECK(root.find("quoted")->find("<<")->text == "x");
  // An alias stands where it is written, what is in it where the anchor is.
  CHECK(root.find("again")->place == Place{5, 8});
  CHECK(root.find("again")->find("a")->place == Place{1, 17});
  CHECK(parse("a: {<<: 1}\n").problems == Lines{"1:9: '<<' takes a mapping or a list of mappings"});
  CHECK(parse("a: {<<: {}, <<: {}}\n").problems.size() == 1);
}

TEST_CASE("anchors belong to their document, the nearest above counts") {
  CHECK(parse("a: &x 1\n---\nb: *x\n").problems.size() == 1);
  CHECK(root_of(parse("[&x 1, &x 2, *x]\n")).items[2]->text == "2");
}

TEST_CASE("an alias inside its own anchor is refused") {
  CHECK(parse("&a [*a]\n").problems == Lines{"1:5: an alias to what it is itself part of"});
  CHECK(parse("&a {x: {y: *a}}\n").problems.size() == 1);
  CHECK(parse("&a {<<: *a}\n").problems.size() == 1);
  CHECK(parse("&a [&a [*a]]\n").problems.size() == 1);
}

TEST_CASE("billion laughs") {
  std::string text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 9; ++i) {
    const std::string name = "a" + std::to_string(i);
    const std::string before = "*a" + std::to_string(i - 1);
    text += name + ": &" + name + " [" + before + repeated(", " + before, 9) + "]\n";
  }
  const Lines problems = parse(text).problems;
  REQUIRE(problems.size() == 1);
  CHECK(problems.front().starts_with("5:"));
  CHECK(problems.front().ends_with("more than 50000 values, aliases counted as if written out"));

  std::string merges = "a0: &a0 {k: v, l: v}\n";
  for (int i = 1; i < 30; ++i) {
    const std::string before = "*a" + std::to_string(i - 1);
    merges += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " {<<: [" + before + ", " +
              before + ", " + before + "]}\n";
  }
  CHECK(parse(merges).problems.size() == 1);
  CHECK(parse("a: &a x\nb: [" + repeated("*a,", limits::kYamlAliases) + "]\n").problems.empty());
  CHECK(parse("a: &a x\nb: [" + repeated("*a,", limits::kYamlAliases + 1) + "]\n").problems ==
        Lines{"2:305: more than 100 aliases (*name)"});
}

TEST_CASE("nesting is bounded, however it is written") {
  const auto nested = [](std::string_view open, std::string_view close, std::size_t levels) {
    return repeated(open, levels) + repeated(close, levels);
  };
  CHECK(parse(nested("[", "]", limits::kYamlDepth)).problems.empty());
  CHECK(parse(nested("[", "]", limits::kYamlDepth + 1)).problems == Lines{"1:33: " + kTooDeep});
  CHECK(parse(repeated("- ", limits::kYamlDepth) + "x\n").problems.empty());
  CHECK(parse(repeated("- ", limits::kYamlDepth + 1) + "x\n").problems ==
        Lines{"1:65: " + kTooDeep});

  std::string block;
  for (std::size_t i = 0; i < 500; ++i) block += std::string(i, ' ') + "a:\n";
  std::string chain = "a0: &a0 [x]\n";
  for (int i = 1; i < 40; ++i) {
    chain += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [*a" + std::to_string(i - 1) +
             "]\n";
  }
  std::vector<std::string> hostile = {block, chain};
  for (std::string_view part :
       {"[",    "{",        "[{",   "{a: ",    "[a, ",  "{? ",      "[? ",  "- ",         "? ",
        "- ? ", "? - ",     ": ",   "- : ",    "- a: ", "- - - - ", "? : ", "[\n",        "{\n",
        "- [",  "&a [*a, ", "&a [", "!!seq [", "a: [",  "- &a ",    "[[]",  "{a: {}, b: "}) {
    for (std::size_t bytes : {1024u, 8192u, 262144u}) {
      hostile.push_back(repeated(part, bytes / part.size()));
    }
  }
  for (const std::string& text : hostile) {
    CAPTURE(text.substr(0, 20));
    const Parsed parsed = parse(text);
    CHECK(parsed.problems.size() == 1);
    CHECK(parsed.file.documents.size() == 0);
  }
}

TEST_CASE("a small stack is enough for what is accepted and for what is refused") {
  std::string block;
  for (std::size_t i = 0; i < 700; ++i) block += std::string(i, ' ') + "a:\n";
  std::vector<std::string> texts = {
      block,
      repeated("- ", 100'000),
      repeated("? ", 100'000),
      repeated(": ", 100'000),
      repeated("[", 100'000),
      repeated("[", limits::kYamlDepth) + repeated("]", limits::kYamlDepth)};
  pthread_attr_t attributes;
  REQUIRE(pthread_attr_init(&attributes) == 0);
  REQUIRE(pthread_attr_setstacksize(&attributes, 256 * 1024) == 0);
  pthread_t thread;
  const auto run = [](void* argument) -> void* {
    for (const std::string& text : *static_cast<std::vector<std::string>*>(argument))
      (void)parse(text);
    return nullptr;
  };
  REQUIRE(pthread_create(&thread, &attributes, run, &texts) == 0);
  REQUIRE(pthread_join(thread, nullptr) == 0);
  pthread_attr_destroy(&attributes);
}

TEST_CASE("many values and documents are bounded") {
  const auto refused = [](const std::string& text) {
    const Lines problems = parse(text).problems;
    REQUIRE(problems.size() == 1);
    return problems.front().find(": more than 50000 values") != std::string::npos;
  };
  CHECK(refused("[" + repeated("a,", 100'000) + "]"));
  CHECK(refused(repeated("- a\n", 60'000)));
  CHECK(refused(repeated("---\n", 60'000)));
  CHECK(parse(repeated("- a\n", 49'000)).problems.empty());
}
