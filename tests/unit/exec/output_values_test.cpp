#include "exec/output_values.h"

#include <doctest/doctest.h>

#include "exec/text.h"
#include "model/limits.h"

using namespace pawl;

namespace {

Variables values(std::string_view text) { return parse_output(text, {"a", "b"}).values; }

}  // namespace

TEST_CASE("lines and blocks") {
  struct Row {
    std::string text;
    Variables expected;
  };
  const std::vector<Row> rows = {
      {"", {}},
      {"\n\r\n\n", {}},
      {"a=1\nb=2\n", {{"a", "1"}, {"b", "2"}}},
      {"b=2\na=1", {{"a", "1"}, {"b", "2"}}},  // as declared; the last line needs no end
      {"a=1\na=2\n", {{"a", "2"}}},
      {"a=\n", {{"a", ""}}},
      {"a= x=y \n", {{"a", " x=y "}}},
      {"a=1\r\nb=2\r\n", {{"a", "1"}, {"b", "2"}}},
      {"a<<EOF\n1\n\n2\nEOF\nb=3\n", {{"a", "1\n\n2"}, {"b", "3"}}},
      {"a<<EOF\nEOF\n", {{"a", ""}}},
      {"a<<EOF\n\nEOF", {{"a", ""}}},
      {"a<<EOF\r\n1\r\nb=2\r\nEOF\r\n", {{"a", "1\nb=2"}}},
      {"a<<x=y\n1\nx=y\n", {{"a", "1"}}},  // what comes first decides what it is
      {"a=1<<2\nb=2\n", {{"a", "1<<2"}, {"b", "2"}}},
      {"a<<EOF\n EOF\nEOF \nEOF\n", {{"a", " EOF\nEOF "}}},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    const OutputValues read = parse_output(row.text, {"a", "b"});
    CHECK(read.values == row.expected);
    CHECK(read.notes.empty());
  }
}

TEST_CASE("what cannot be taken is said, with its line") {
  const std::string zero("a=x\0y\n", 6);
  struct Row {
    std::string text;
    Variables expected;
    std::string said;
  };
  const std::vector<Row> rows = {
      {"hello\na=1\n", {{"a", "1"}}, "line 1 of $PAWL_OUTPUT is neither"},
      {"a=1\nc=2\n", {{"a", "1"}}, "line 2 of $PAWL_OUTPUT names 'c'"},
      {"a =1\n", {}, "names 'a '"},
      {"=1\n", {}, "names ''"},
      {"a<<\n1\n", {}, "line 1 of $PAWL_OUTPUT has no word"},
      {"a=1\na<<EOF\n1\n2\n", {}, "line 2 of $PAWL_OUTPUT begins a value that has no end"},
      {"a=0\n" + zero, {}, "line 2 of $PAWL_OUTPUT has a value for 'a' that is no text"},
      {"a=\xff\n", {}, "no text"},
      {"a=0\na=" + std::string(limits::kOutputValueBytes + 1, 'x') + "\n",
       {},
       "line 2 of $PAWL_OUTPUT has a value of 4097 bytes for 'a'"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    const OutputValues read = parse_output(row.text, {"a", "b"});
    CHECK(read.values == row.expected);
    REQUIRE_FALSE(read.notes.empty());
    CHECK(read.notes[0].find(row.said) != std::string::npos);
  }
  const std::string most(limits::kOutputValueBytes, 'x');
  CHECK(values("a=" + most + "\n") == Variables{{"a", most}});
}

TEST_CASE("a file of rubbish costs a few notes") {
  std::string text;
  for (int i = 0; i < 30'000; ++i) text += "x\n";
  const OutputValues read = parse_output(text + "a=1\n", {"a"});
  CHECK(read.values == Variables{{"a", "1"}});
  REQUIRE(read.notes.size() == limits::kOutputNotes + 1);
  CHECK(read.notes.back() == "and 29990 more of $PAWL_OUTPUT not taken");
  const OutputValues lengthy = parse_output(std::string(60'000, 'n') + "=1\n", {"a"});
  REQUIRE(lengthy.notes.size() == 1);
  CHECK(lengthy.notes[0].size() < 200);
}

TEST_CASE("text is UTF-8 without zero bytes") {
  for (const std::string_view good :
       {"", "a", "\n\t", "\u00fc\u20ac\U0001f600", "\xf4\x8f\xbf\xbf"}) {
    CAPTURE(good);
    CHECK(is_text(good));
  }
  for (const std::string_view bad :
       {std::string_view("\0", 1), std::string_view("\x80"), std::string_view("\xc0\x80"),
        std::string_view("\xc1\xbf"), std::string_view("\xc3"), std::string_view("\xe0\x9f\xbf"),
        std::string_view("\xed\xa0\x80"), std::string_view("\xf0\x8f\xbf\xbf"),
        std::string_view("\xf4\x90\x80\x80"), std::string_view("\xf5\x80\x80\x80"),
        std::string_view("\xe2\x82"), std::string_view("\xe2\x82g")}) {
    CHECK_FALSE(is_text(bad));
  }
}
