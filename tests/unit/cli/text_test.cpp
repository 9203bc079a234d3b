#include "cli/text.h"

#include <doctest/doctest.h>

using namespace pawl::cli;

TEST_CASE("printable() shows text and spells out what a terminal obeys") {
  CHECK(printable("plain \"text\" \\ with käse 日本") == "plain \"text\" \\ with käse 日本");
  CHECK(printable("a\nb\tc\rd") == "a\\nb\\tc\\rd");
  CHECK(printable("\x1b]0;title\x07") == "\\x1b]0;title\\x07");
  CHECK(printable(std::string("nul\0x", 5)) == "nul\\x00x");
  CHECK(printable("\x7f") == "\\x7f");
  CHECK(printable("\xc2\x9b"
                  "31m") == "\\u009b31m");  // C1: CSI
  CHECK(printable("\xe2\x80\xae"
                  "gpj.exe") == "\\u202egpj.exe");        // right-to-left override
  CHECK(printable("\xf3\xa0\x80\x81") == "\\U000e0001");  // a tag character
}

TEST_CASE("printable() spells out bytes that are not UTF-8") {
  CHECK(printable("\xff") == "\\xff");
  CHECK(printable("\xc0\x80") == "\\xc0\\x80");                    // overlong
  CHECK(printable("\xe0\x80\x80") == "\\xe0\\x80\\x80");           // overlong
  CHECK(printable("\xed\xa0\x80") == "\\xed\\xa0\\x80");           // surrogate
  CHECK(printable("\xf4\x90\x80\x80") == "\\xf4\\x90\\x80\\x80");  // over U+10FFFF
  CHECK(printable("\xe6\x97") == "\\xe6\\x97");                    // cut off
}

TEST_CASE("display_width() counts terminal columns") {
  CHECK(display_width("") == 0);
  CHECK(display_width("abc") == 3);
  CHECK(display_width("käse") == 4);
  CHECK(display_width("ka\xcc\x88se") == 4);  // combining diaeresis
  CHECK(display_width("日本") == 4);
  CHECK(display_width("🚀") == 2);
}

TEST_CASE("escape_json() keeps the document and disarms it") {
  CHECK(escape_json("{\n  \"a\": \"käse\"\n}") == "{\n  \"a\": \"käse\"\n}");
  CHECK(escape_json("\"\xc2\x9b\x7f\"") == "\"\\u009b\\u007f\"");
  CHECK(escape_json("\"\xf3\xa0\x80\x81\"") == "\"\\udb40\\udc01\"");
}

TEST_CASE("url_encode() leaves the unreserved alone") {
  CHECK(url_encode("nightly-backup_1.0~x") == "nightly-backup_1.0~x");
  CHECK(url_encode("a/b?c=d&e f%") == "a%2Fb%3Fc%3Dd%26e%20f%25");
  CHECK(url_encode("ä") == "%C3%A4");
}

TEST_CASE("LogEscaper keeps lines and tabs, drops colours, escapes the rest") {
  LogEscaper escaper;
  CHECK(escaper.feed("one\ttwo\nthree\r\n") == "one\ttwo\nthree\n");
  CHECK(escaper.feed("\x1b[31mred\x1b[0m \x1b[1;38:5:200mpink\n") == "red pink\n");
  CHECK(escaper.feed("\x1b[2J\x1b[Hgone\n") == "\\x1b[2J\\x1b[Hgone\n");
  CHECK(escaper.feed("50%\r51%\n") == "50%\\r51%\n");
  CHECK(escaper.feed("\x07\xff\n") == "\\x07\\xff\n");
  CHECK(escaper.finish().empty());
}

TEST_CASE("LogEscaper puts sequences together that were split anywhere") {
  const std::string input = "a\x1b[1;31mb\r\nc日本\x1b]x🚀\r";
  const std::string expected = "ab\nc日本\\x1b]x🚀\\r";
  for (std::size_t cut = 0; cut <= input.size(); ++cut) {
    LogEscaper escaper;
    std::string out = escaper.feed(input.substr(0, cut));
    out += escaper.feed(input.substr(cut));
    out += escaper.finish();
    CHECK(out == expected);
  }
  LogEscaper by_byte;
  std::string out;
  for (const char c : input) out += by_byte.feed(std::string_view(&c, 1));
  CHECK(out + by_byte.finish() == expected);
}

TEST_CASE("LogEscaper holds back no more than its bound") {
  LogEscaper escaper;
  const std::string endless = "\x1b[" + std::string(LogEscaper::kHeldBytes, '1');
  CHECK(escaper.feed(endless) == "\\x1b[" + std::string(LogEscaper::kHeldBytes, '1'));
  CHECK(escaper.feed("\x1b[1").empty());
  CHECK(escaper.finish() == "\\x1b[1");
}
