#include "git/pull_request.h"

#include <doctest/doctest.h>

#include "git/stage.h"

namespace pawl {
namespace {

TEST_CASE("a request comes back as it was") {
  PullRequest request;
  request.source.name = "fleet";
  request.source.url = "https://host/x \"quoted\"\n";
  request.source.ref = "refs/heads/main";
  request.source.path = "pipelines";
  request.source.username = "u";
  request.source.password_file = "/p";
  request.source.ca_file = "/c";
  request.known_revision = "abc";
  request.cache_directory = "/cache";
  request.deadline_ms = 1234;
  request.discard_clone = true;
  request.parent_process = 99;
  const auto decoded = decode_request(encode_request(request));
  REQUIRE(decoded.ok());
  CHECK(decoded->source.name == request.source.name);
  CHECK(decoded->source.url == request.source.url);
  CHECK(decoded->source.ref == request.source.ref);
  CHECK(decoded->source.path == request.source.path);
  CHECK(decoded->source.username == request.source.username);
  CHECK(decoded->source.password_file == request.source.password_file);
  CHECK(decoded->source.ca_file == request.source.ca_file);
  CHECK(decoded->known_revision == request.known_revision);
  CHECK(decoded->cache_directory == request.cache_directory);
  CHECK(decoded->deadline_ms == 1234);
  CHECK(decoded->discard_clone);
  CHECK(decoded->parent_process == 99);
}

TEST_CASE("a request that lacks something is invalid") {
  for (const char* text : {"", "{}", "[]", "nonsense", R"({"url":"x","ref":"y"})"}) {
    const auto decoded = decode_request(text);
    REQUIRE_FALSE(decoded.ok());
    CHECK(decoded.error().kind == ErrorKind::kInvalid);
  }
}

TEST_CASE("lines on the child's stderr: stages, notes, and everything else") {
  const auto stage = parse_stage_line("stage v team/a b.yaml");
  REQUIRE(stage.has_value());
  CHECK(stage->stage == Stage::kCheck);
  CHECK(stage->text == "team/a b.yaml");
  for (const char* line :
       {"stage", "stage ", "stage v", "stage x text", "stages v x", "==1==ERROR"}) {
    CHECK_FALSE(parse_stage_line(line).has_value());
    CHECK_FALSE(parse_note_line(line).has_value());
  }
  CHECK(parse_note_line("note sandbox: all") == "sandbox: all");
}

}  // namespace
}  // namespace pawl
