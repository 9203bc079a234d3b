#include "config/wording.h"

#include <array>

#include "base/time.h"
#include "config/names.h"
#include "config/problem_list.h"
#include "loading.h"
#include "model/limits.h"

using namespace pawl;
using namespace pawl::config;
using Lines = std::vector<std::string>;

TEST_CASE("did you mean") {
  constexpr std::array<std::string_view, 5> kWords = {"image", "memory", "depends_on", "id",
                                                      "pids"};
  CHECK(closest("imgae", kWords) == "image");
  CHECK(closest("memroy", kWords) == "memory");
  CHECK(closest("dependson", kWords) == "depends_on");
  CHECK(closest("pid", kWords) == "id");
  CHECK_FALSE(closest("zzz", kWords).has_value());
  CHECK_FALSE(closest("", kWords).has_value());
  CHECK_FALSE(closest("x", kWords).has_value());
  CHECK_FALSE(closest("image", std::array<std::string_view, 1>{"image"}).has_value());
  CHECK_FALSE(closest(std::string(100'000, 'a'), kWords).has_value());
  CHECK(did_you_mean("imag", kWords) == "; did you mean 'image'?");
  CHECK(did_you_mean("zzz", kWords).empty());
}

TEST_CASE("quoting cuts between characters and escapes") {
  CHECK(quoted("a b") == "\"a b\"");
  CHECK(quoted("a\nb") == "\"a\\nb\"");
  std::string umlauts;
  for (int i = 0; i < 40; ++i) umlauts += "ä";
  const std::string shown = quoted("x" + umlauts);
  CHECK(shown.ends_with("ä…\""));
  CHECK(shown.size() <= 66);
}

TEST_CASE("lists of words") {
  CHECK(listed(std::array<std::string_view, 1>{"a"}) == "a");
  CHECK(listed(std::array<std::string_view, 2>{"a", "b"}) == "a and b");
  CHECK(listed(std::array<std::string_view, 3>{"a", "b", "c"}, "or") == "a, b or c");
}

TEST_CASE("figures are read back as they were") {
  for (std::int64_t bytes : {1LL, 1023LL, 1024LL, 512LL << 20, (1LL << 30) + 1, 3LL << 40}) {
    CHECK(parse_size_bytes(format_size(bytes)) == bytes);
  }
  CHECK(format_size(512LL << 20) == "512m");
  for (std::int64_t ms : {1LL, 999LL, 1500LL, 5'400'000LL, 90'061'001LL}) {
    CHECK(parse_duration_ms(format_exact_duration(ms)) == ms);
  }
  CHECK(format_exact_duration(5'400'000) == "1h30m");
  CHECK(format_exact_duration(0) == "0s");
  CHECK(format_cpus(1000) == "1");
  CHECK(format_cpus(10) == "0.01");
  CHECK(format_cpus(1501) == "1.501");
  CHECK(format_cpus(20'000) == "20");
}

TEST_CASE("slugs are valid names") {
  CHECK(slug("Nightly Backup") == "nightly-backup");
  CHECK(slug("  __Büro / Köln!  ") == "b-ro-k-ln");
  CHECK(slug("v1.2_x") == "v1.2_x");
  CHECK(slug("日本").empty());
  CHECK(slug(std::string(100, 'A')).size() == limits::kNameBytes);
  for (std::string_view text : {"A", "-a", "a-", ".a.", "A  B", "1 2", "x/y\\z", "(a)(b)"}) {
    CAPTURE(text);
    CHECK(is_valid_name(slug(text)));
  }
}

TEST_CASE("words that people choose") {
  for (const char* text : {"A", "_", "a1_B"}) CHECK(is_variable_name(text));
  for (const char* text : {"", "1A", "A-B", "A B", "Ä"}) CHECK_FALSE(is_variable_name(text));
  for (const char* text :
       {"alpine", "alpine:3.20", "reg.local:5000/a/b:t", "a@sha256:00ff", "a__b"}) {
    CHECK(is_image_reference(text));
  }
  for (const char* text : {"", "a b", "-a", "/a", "a/", "a:", "a//b", "a\nb", "$(x)", "a@"}) {
    CAPTURE(text);
    CHECK_FALSE(is_image_reference(text));
  }
  for (const char* text : {"0", "65534:65534", "www-data", "a.b:c_d"}) CHECK(is_user(text));
  for (const char* text : {"", ":", "a:", ":a", "-a", "a:-b", "a b", "a:b:c"}) {
    CAPTURE(text);
    CHECK_FALSE(is_user(text));
  }
  for (const char* text : {"bridge", "my_net-1.x"}) CHECK(is_network_name(text));
  for (const char* text : {"", "container:abc", "-x", "a b"}) CHECK_FALSE(is_network_name(text));
}

TEST_CASE("a list of problems is sorted, without repetitions, and bounded") {
  ProblemList problems("f.yaml");
  problems.add({2, 1}, "b");
  problems.add({1, 5}, "a");
  problems.add({2, 1}, "c");
  problems.add({2, 1}, "b");
  problems.add({}, "file");
  CHECK(lines(problems.take()) == Lines{"0:0: file", "1:5: a", "2:1: b", "2:1: c"});
  CHECK(problems.empty());

  for (int i = 0; i < 5000; ++i) problems.add({1, 1}, "same");
  CHECK(problems.is_full());
  CHECK(lines(problems.take()) == Lines{"1:1: same", "1:1: and 4800 more problems from here on"});

  std::string umlauts;
  for (int i = 0; i < 1000; ++i) umlauts += "ä";
  problems.add({1, 1}, "x" + umlauts);
  const std::string message = problems.take().front().message;
  CHECK(message.size() <= limits::kMessageBytes);
  CHECK(message.ends_with("ä…"));
}
