#include "config/yaml_scalar.h"

#include <doctest/doctest.h>

using namespace pawl::config;

TEST_CASE("booleans of the core schema") {
  for (const char* text : {"true", "True", "TRUE"}) CHECK(parse_core_boolean(text) == true);
  for (const char* text : {"false", "False", "FALSE"}) CHECK(parse_core_boolean(text) == false);
  for (const char* text : {"", "yes", "no", "on", "off", "y", "tRUE", "1", "0", " true"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_core_boolean(text).has_value());
  }
}

TEST_CASE("integers of the core schema") {
  CHECK(parse_core_integer("0") == 0);
  CHECK(parse_core_integer("-7") == -7);
  CHECK(parse_core_integer("+7") == 7);
  CHECK(parse_core_integer("0100") == 100);
  CHECK(parse_core_integer("0o17") == 15);
  CHECK(parse_core_integer("0xfF") == 255);
  CHECK(parse_core_integer("9223372036854775807") == INT64_MAX);
  for (const char* text : {"", "-", "+", "+-1", "--1", "1.0", "1e3", "1_000", "0x", "0o8", "0x-1",
                           "0b1", "9223372036854775808", " 1", "1 ", "٣"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_core_integer(text).has_value());
  }
}

TEST_CASE("numbers of the core schema") {
  CHECK(parse_core_number("1") == 1.0);
  CHECK(parse_core_number("0.5") == 0.5);
  CHECK(parse_core_number(".5") == 0.5);
  CHECK(parse_core_number("-.5") == -0.5);
  CHECK(parse_core_number("+1.") == 1.0);
  CHECK(parse_core_number("1e3") == 1000.0);
  CHECK(parse_core_number("1.5E-1") == 0.15);
  for (const char* text :
       {"", ".", "-", "1e", "1e+", ".inf", "inf", "nan", ".nan", "1e999", "1,5", "0.5 ", "1.2.3"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_core_number(text).has_value());
  }
}
