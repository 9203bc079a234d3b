#include "config/yaml_flow_scan.h"

#include "loading.h"
#include "model/limits.h"

using namespace pawl;
using Lines = std::vector<std::string>;

namespace {

Lines scan(std::string_view text) {
  config::ProblemList problems("f.yaml");
  const bool accepted = config::check_flow_collections(text, problems);
  CHECK(accepted == problems.empty());
  return lines(problems.take());
}

const std::string kOpeners(100, '[');

}  // namespace

TEST_CASE("brackets that open no collection do not count") {
  CHECK(scan("# " + kOpeners + "\n").empty());
  CHECK(scan("a: \"" + kOpeners + "\\\"" + kOpeners + "\"\n").empty());
  CHECK(scan("a: '" + kOpeners + "''" + kOpeners + "'\n").empty());
  CHECK(scan("a: \"\n  " + kOpeners + "\n  \"\n").empty());
  CHECK(scan("a: x" + kOpeners + "\n").empty());
  CHECK(scan("a: -" + kOpeners + "\n").empty());
  CHECK(scan("a: x\n  " + kOpeners + "\n\n  \"" + kOpeners + "\nb: x\n").empty());
  CHECK(scan("- a:\n    x\n    " + kOpeners + "\n").empty());
  CHECK(scan("x\n" + kOpeners + "\n").empty());
  for (std::string_view header : {"|", ">", "|-", ">+2", "| # comment", "&x |", "!!str |"}) {
    CAPTURE(header);
    const std::string head(header);
    CHECK(scan("a: " + head + "\n  " + kOpeners + "\n\n  " + kOpeners + "\nb: [1]\n").empty());
    CHECK(scan("- " + head + "\n " + kOpeners + "\n- x\n").empty());
    CHECK(scan("- a: " + head + "\n    " + kOpeners + "\n  b: x\n").empty());
    CHECK(scan("a:\n  - b: " + head + "\n      " + kOpeners + "\n").empty());
    CHECK(scan("--- " + head + "\n" + kOpeners + "\n").empty());
  }
}

TEST_CASE("brackets that open collections do") {
  const std::string refusal = ": lists and mappings are nested more than 32 levels deep";
  CHECK(scan(kOpeners) == Lines{"1:33" + refusal});
  CHECK(scan("a: " + kOpeners) == Lines{"1:36" + refusal});
  CHECK(scan("- - " + kOpeners).size() == 1);
  CHECK(scan("a: x\nb:\n  " + kOpeners).size() == 1);
  CHECK(scan("a: x # y\n  " + kOpeners).size() == 1);
  CHECK(scan("x\n---\n" + kOpeners).size() == 1);
  CHECK(scan("- x\n- " + kOpeners).size() == 1);
  CHECK(scan("a: |\n  x\nb: " + kOpeners).size() == 1);
  CHECK(scan("- a: |\n    x\n  b: " + kOpeners).size() == 1);
  CHECK(scan("a: 'x' # y\nb: \"\\\"\"\nc: " + kOpeners).size() == 1);
  std::string mixed;
  for (int i = 0; i < 40; ++i) mixed += "{a: [x y, 'z', &q ";
  CHECK(scan(mixed).size() == 1);
  std::string balanced;
  for (int i = 0; i < 1000; ++i) balanced += "- [[a], {b: [c]}]\n";
  CHECK(scan(balanced).empty());
}

TEST_CASE("members of collections are counted, separators outside of them are not") {
  const auto repeated = [](std::string_view text) {
    std::string result;
    for (std::size_t i = 0; i < limits::kYamlNodes; ++i) result += text;
    return result;
  };
  CHECK(scan("[" + repeated("a,") + "]").size() == 1);
  CHECK(scan(repeated("[]")).empty());
  CHECK(scan(repeated("[]") + "[]").size() == 1);
  CHECK(scan("a: " + repeated("b,") + "\n").empty());
}
