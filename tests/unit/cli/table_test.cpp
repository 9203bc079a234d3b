#include "cli/table.h"

#include <doctest/doctest.h>

using namespace pawl::cli;

namespace {

Table sample() {
  Table table({{"RUN", Align::kRight}, {"PIPELINE"}, {"STATUS"}});
  table.add({"7", "käse", Cell("success", Tone::kGood)});
  table.add({"1234", "日本-nightly", Cell("failed", Tone::kBad)});
  table.add({"8", "", ""});
  return table;
}

}  // namespace

TEST_CASE("Columns line up whatever the characters, and lines have no trailing blanks") {
  CHECK(sample().render(false) ==
        " RUN  PIPELINE      STATUS\n"
        "   7  käse          success\n"
        "1234  日本-nightly  failed\n"
        "   8  -             -\n");
}

TEST_CASE("Colour changes no width and stays off empty cells") {
  CHECK(sample().render(true) ==
        " RUN  PIPELINE      STATUS\n"
        "   7  käse          \x1b[32msuccess\x1b[0m\n"
        "1234  日本-nightly  \x1b[31mfailed\x1b[0m\n"
        "   8  -             -\n");
  Table table({{"STATUS"}, {"RUN"}});
  table.add({Cell("failed", Tone::kBad), "1"});
  table.add({Cell("cancelled", Tone::kFaint), "2"});
  CHECK(table.render(true) ==
        "STATUS     RUN\n"
        "\x1b[31mfailed\x1b[0m     1\n"
        "\x1b[2mcancelled\x1b[0m  2\n");
}

TEST_CASE("Nothing is cut off and nothing breaks a row") {
  const std::string wide(500, 'x');
  Table table({{"A"}, {"B"}});
  table.add({wide, "two\nlines\x1b[2J"});
  CHECK(table.render(false) ==
        "A" + std::string(501, ' ') + "B\n" + wide + "  two\\nlines\\x1b[2J\n");
}

TEST_CASE("A table without rows is its header") {
  CHECK(Table({{"AT"}, {"PIPELINE"}}).render(true) == "AT  PIPELINE\n");
}

TEST_CASE("Facts align their values and leave out the empty") {
  Facts facts;
  facts.add("run", "42");
  facts.add("reason", "");
  facts.add("pipeline", "a\tb");
  facts.add("status", Cell("failed", Tone::kBad));
  CHECK(facts.render(false) ==
        "run       42\n"
        "pipeline  a\\tb\n"
        "status    failed\n");
  CHECK(facts.render(true).find("status    \x1b[31mfailed\x1b[0m\n") != std::string::npos);
}

TEST_CASE("Every status has the tone people expect") {
  CHECK(status_tone("success") == Tone::kGood);
  CHECK(status_tone("failed") == Tone::kBad);
  CHECK(status_tone("running") == Tone::kActive);
  CHECK(status_tone("pending") == Tone::kFaint);
  CHECK(status_tone("cancelled") == Tone::kFaint);
  CHECK(status_tone("skipped") == Tone::kFaint);
}
