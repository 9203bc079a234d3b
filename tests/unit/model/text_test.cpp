// Small texts of the model: names, patterns, problems, states.
#include <doctest/doctest.h>

#include <string>

#include "model/host_config.h"
#include "model/pipeline.h"
#include "model/source.h"
#include "model/states.h"

using namespace pawl;

TEST_CASE("names") {
  for (const char* name : {"a", "0", "nightly-backup", "a.b_c-9", "9lives"})
    CHECK(is_valid_name(name));
  CHECK(is_valid_name(std::string(63, 'a')));
  for (const char* name : {"", "A", "-a", ".a", "_a", "a b", "a/b", "a\n", "\xc3\xa4"}) {
    CAPTURE(name);
    CHECK_FALSE(is_valid_name(name));
  }
  CHECK_FALSE(is_valid_name(std::string(64, 'a')));
  CHECK_FALSE(is_valid_name(std::string_view("a\0", 2)));
}

TEST_CASE("patterns") {
  CHECK(matches_pattern("alpine:3.20", "alpine:3.20"));
  CHECK_FALSE(matches_pattern("alpine:3.20", "alpine:3.2"));
  CHECK_FALSE(matches_pattern("alpine", "alpine:3.20"));
  CHECK(matches_pattern("alpine:*", "alpine:3.20"));
  CHECK(matches_pattern("alpine:*", "alpine:"));
  CHECK_FALSE(matches_pattern("alpine:*", "evil/alpine:3"));
  CHECK(matches_pattern("registry.local/*", "registry.local/a/b:1"));
  CHECK_FALSE(matches_pattern("registry.local/*", "registryxlocal/a"));
  CHECK(matches_pattern("*", ""));
  CHECK(matches_pattern("*", "anything/at all"));
  CHECK(matches_pattern("**", ""));
  CHECK(matches_pattern("", ""));
  CHECK_FALSE(matches_pattern("", "a"));
  CHECK(matches_pattern("*:1", "a:1"));
  CHECK_FALSE(matches_pattern("*:1", "a:12"));
  CHECK(matches_pattern("a*b*c", "axxbyyc"));
  CHECK(matches_pattern("a*b*c", "abc"));
  CHECK_FALSE(matches_pattern("a*b*c", "acb"));
  CHECK_FALSE(matches_pattern("ab*ba", "aba"));  // prefix and suffix do not overlap
  CHECK(matches_pattern("*aab*", "aaaab"));
  CHECK(matches_pattern("*abab*c", "abaababc"));
  CHECK_FALSE(matches_pattern("*abc*abc*", "xabcx"));
  CHECK(matches_pattern("?[a]", "?[a]"));  // nothing but * is special
  CHECK_FALSE(matches_pattern("?", "a"));
}

TEST_CASE("patterns that are hard for a matcher that goes back are no harder here") {
  const std::string text(1'000'000, 'a');
  const std::string piece(500'000, 'a');
  CHECK_FALSE(matches_pattern("*" + piece + "b*", text));
  CHECK(matches_pattern("*" + piece + "*" + piece + "*", text));
  CHECK_FALSE(matches_pattern("*" + piece + "*" + piece + "*a", text));
  std::string stars;
  for (int i = 0; i < 1000; ++i) stars += "*a";
  CHECK_FALSE(matches_pattern(stars + "*b*", text));
}

TEST_CASE("problems leave out what is not known") {
  CHECK(Problem{"a/b.yaml", 3, 7, "bad"}.text() == "a/b.yaml:3:7: error: bad");
  CHECK(Problem{"b.yaml", 3, 0, "bad"}.text() == "b.yaml:3: error: bad");
  CHECK(Problem{"b.yaml", 0, 0, "bad"}.text() == "b.yaml: error: bad");
  CHECK(Problem{"b.yaml", 0, 7, "bad"}.text() == "b.yaml: error: bad");
  CHECK(Problem{"", 0, 0, "bad"}.text() == "error: bad");
}

TEST_CASE("states are written in the specification's words and read back") {
  for (int i = 0; i < kStatusCount; ++i) {
    const auto status = static_cast<Status>(i);
    CHECK(parse_status(to_string(status)) == status);
  }
  for (int i = 0; i < kReasonCount; ++i) {
    const auto reason = static_cast<Reason>(i);
    CHECK(parse_reason(to_string(reason)) == reason);
  }
  for (int i = 0; i < kTriggerKindCount; ++i) {
    const auto kind = static_cast<TriggerKind>(i);
    CHECK(parse_trigger_kind(to_string(kind)) == kind);
  }
  CHECK(to_string(Status::kCancelled) == "cancelled");
  CHECK(to_string(Reason::kExitCode) == "exit_code");
  CHECK(to_string(Reason::kNone) == "");
  CHECK(to_string(TriggerKind::kWebhook) == "webhook");
  CHECK_FALSE(parse_status("Success"));
  CHECK_FALSE(parse_reason("oops"));
  CHECK_FALSE(parse_trigger_kind(""));
  CHECK(is_final(Status::kSkipped));
  CHECK_FALSE(is_final(Status::kRunning));
}
