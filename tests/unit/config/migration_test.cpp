#include "config/migration.h"

#include <algorithm>
#include <random>

#include "config/yaml_scalar_text.h"
#include "loading.h"
#include "model/limits.h"
#include "model/pipeline_json.h"

using namespace pawl;
using namespace pawl::config;

namespace {

std::string migrated(std::string_view text) {
  Result<std::string> result = migrate_pipeline_file(text);
  CHECK((result ? "" : result.error().message) == "");
  return result ? *result : "";
}

// The file in today's form: the same pipelines, and nothing left to do.
std::string check_migrated(std::string_view text) {
  const std::string result = migrated(text);
  const PipelineFileResult before = load(text);
  const PipelineFileResult after = load(result);
  CHECK(lines(before.problems) == std::vector<std::string>{});
  CHECK(lines(after.problems) == std::vector<std::string>{});
  REQUIRE(before.pipelines.size() == after.pipelines.size());
  for (std::size_t i = 0; i < before.pipelines.size(); ++i) {
    CHECK(content_hash(before.pipelines[i]) == content_hash(after.pipelines[i]));
  }
  CHECK(migrated(result) == result);
  return result;
}

}  // namespace

TEST_CASE("a file in today's form is printed as it is") {
  for (std::string_view text :
       {"name:   p   # odd\n\n\n\ntasks: [ {id: a, image: i} ]",
        "\xef\xbb\xbfname: p\r\ntasks:\r\n- {id: a, image: 'i'}\r\n",
        "# none\n---\nname: Big Name\ntasks:\n- id: a\n  image: i\n...\n---\n"}) {
    CHECK(check_migrated(text) == text);
  }
}

TEST_CASE("an older file, with its comments") {
  CHECK(check_migrated(R"(# Backs up the shop.
# Owner: ops

pipeline:   # the wrapper
  id: 'shop-backup'   # never rename
  description: "Dump: and ship"

  # At night, when it is quiet.
  schedule: 0 2 * * *  # UTC
  image: alpine:3.20
  env: { STAGE: prod, "ODD_KEY": ~x }
  tasks:   # two
      - name: Dump it!
        # Small on purpose.
        resources:   # limits
            cpu: 0.5   # half
            memory: 64m
        command: [ "echo", "a # none", 'it''s # none' ]
        # image: alpine:3.19
      - id: ship
        needs: [ Dump it!,   # first
                 ]
        script: |   # sh
            # none
              echo # none

            exit 0
# The end.
)") == R"(# Backs up the shop.
# Owner: ops

# the wrapper
name: 'shop-backup'  # never rename
description: "Dump: and ship"

# At night, when it is quiet.
triggers:
  - cron: 0 2 * * *  # UTC
defaults:
  image: alpine:3.20
env: {STAGE: prod, ODD_KEY: ~x}
tasks:  # two
  - id: dump-it
    # Small on purpose.
    # limits
    cpus: 0.5  # half
    memory: 64m
    command: ["echo", "a # none", 'it''s # none']
    # image: alpine:3.19
  - id: ship
    depends_on: [dump-it]  # first
    script: |  # sh
      # none
        echo # none

      exit 0
# The end.
)");
}

TEST_CASE("documents are taken one by one") {
  const std::string today = "name:   a   # as it is\ntasks: [ {id: a, image: i} ]\n";
  const std::string old = "id:   b   # as it was\ntasks: [ {id: a, image: i} ]\n";
  const std::string printed = "name: b  # as it was\ntasks: [{id: a, image: i}]\n";
  CHECK(check_migrated("# head\n---\n" + today + "---  # two\n" + old + "...\n# end\n") ==
        "# head\n---\n" + today + "---\n# two\n" + printed + "# end\n");
  CHECK(check_migrated(old + "---\n" + today + "---") == printed + "---\n" + today + "---");
  CHECK(check_migrated("id: b\r\ntasks: [{id: a, image: i}]\r\n") ==
        "name: b\r\ntasks: [{id: a, image: i}]\r\n");
  CHECK(check_migrated("\xef\xbb\xbfid: b\ntasks: [{id: a, image: i}]") ==
        "name: b\ntasks: [{id: a, image: i}]\n");
}

TEST_CASE("texts keep what they are") {
  for (std::string_view value : {"\"\"",
                                 "''",
                                 "\"1\"",
                                 "1",
                                 "0x1F",
                                 "1.10",
                                 "yes",
                                 "\"true\"",
                                 "'null'",
                                 "\"~\"",
                                 "a b",
                                 "'a: b'",
                                 "'a #b'",
                                 "a#b",
                                 "'- a'",
                                 "-a",
                                 "'[x'",
                                 "\"x]\"",
                                 "'{'",
                                 "'*a'",
                                 "'&a'",
                                 "'!a'",
                                 "'|'",
                                 "'@a'",
                                 "'%a'",
                                 "'`a'",
                                 "'a:'",
                                 "a:b",
                                 "' a'",
                                 "\"a \"",
                                 "'---'",
                                 "'...'",
                                 "\"a\\tb\"",
                                 "\"a\\nb\"",
                                 "\"a\\nb\\n\"",
                                 "\"a\\n\\nb\\n\\n\\n\"",
                                 "\"\\n\"",
                                 "\"\\na\"",
                                 "\" a\\nb\"",
                                 "\"a\\n b\\n\"",
                                 "\"a\\n  \\nb\"",
                                 "\"a\\n\\tb\"",
                                 "\"\\ta\\nb\"",
                                 "\"a\\r\\nb\"",
                                 "\"\\u0085\\u2028\\ufeff\\e[2J\\x01\"",
                                 "\"\\U0001F600 é\"",
                                 "ünïcödé",
                                 "'it''s'",
                                 "\"\\\\ \\\" /\"",
                                 "'\\n'",
                                 "a\n    b\n    c",
                                 "a\n\n    b",
                                 "\"a\n    b\"",
                                 "'a\n\n    b'",
                                 "|\n    a\n    b\n",
                                 "|-\n    a\n    b\n",
                                 "|+\n    a\n\n\n",
                                 "|2\n      a\n     b\n",
                                 ">\n    a\n    b\n\n    c\n",
                                 ">-\n    a\n      b\n    c\n",
                                 "|  # head\n    # text\n  # note\n",
                                 "|\n\n\n    a\n",
                                 "|\n    ---\n    ...\n",
                                 "!!str 1",
                                 "&x 'y'"}) {
    CAPTURE(value);
    check_migrated("id: p\nenv:\n  A: " + std::string(value) +
                   "\n  B: z\ntasks: [{id: a, image: i}]\n");
    check_migrated("id: p\ntasks:\n- name: a\n  image: i\n  command:\n  - x\n  - " +
                   std::string(value) + "\n");
  }
}

TEST_CASE("what may stand without quotes") {
  for (std::string_view text : {"a", "a b", "a#b", "a:b", "-a", "--a", "a'b", "~a", "ä", "1"}) {
    CAPTURE(text);
    CHECK(is_plain_scalar(text));
  }
  for (std::string_view text :
       {"",   " a",   "a ",   "a:",    "a: b", "a #b", "- a", "-",  "---", "...",
        "#a", "a\nb", "a\tb", "a\x1b", "a, b", "a[b",  "{",   "'a", "\"a", "&a",
        "*a", "!a",   "|",    ">",     "%a",   "@a",   "`a",  "?",  ":a",  "a\xc2\x85"}) {
    CAPTURE(text);
    CHECK(!is_plain_scalar(text));
  }
}

TEST_CASE("aliases and merges are written out, comments once") {
  CHECK(check_migrated("id: p\n"
                       "defaults: &d\n"
                       "  # the image\n"
                       "  image: i  # old\n"
                       "tasks:\n"
                       "  - {<<: *d, id: a}\n"
                       "  - <<: *d\n"
                       "    name: b\n"
                       "  - id: c\n"
                       "    env: &e {X: '1'}\n"
                       "  - id: d\n"
                       "    env: *e\n") ==
        "name: p\n"
        "defaults:\n"
        "  # the image\n"
        "  image: i  # old\n"
        "tasks:\n"
        "  - id: a\n"
        "    image: i\n"
        "  - id: b\n"
        "    image: i\n"
        "  - id: c\n"
        "    env: {X: '1'}\n"
        "  - id: d\n"
        "    env:\n"
        "      X: '1'\n");
}

TEST_CASE("no comment is lost, wherever it stands") {
  const std::vector<std::string> file = {"pipeline:",
                                         "  id: p",
                                         "  schedule:",
                                         "    - '@daily'",
                                         "    - '@hourly'",
                                         "  webhook_path: x",
                                         "  defaults:",
                                         "    resources:",
                                         "      cpu: 1",
                                         "    image: i",
                                         "  tasks:",
                                         "    - name: A A",
                                         "      command:",
                                         "        - x",
                                         "        - 'a",
                                         "          b'",
                                         "      script_is_not: here",
                                         "    - id: b",
                                         "      needs:",
                                         "        [",
                                         "          A A,",
                                         "        ]",
                                         "      env: {A: b,",
                                         "        C: d}"};
  std::vector<std::string> usable = file;
  std::erase(usable, "      script_is_not: here");
  for (std::size_t at = 0; at <= usable.size(); ++at) {
    for (const char* indent : {"", "  ", "      ", "            "}) {
      std::string text;
      for (std::size_t i = 0; i < usable.size(); ++i) {
        // Inside quotes it would be text.
        if (i == at && i != 15) text += std::string(indent) + "# own line\n";
        text += usable[i] + (i + 1 == at && i != 14 ? "  # beside\n" : "\n");
      }
      if (at == usable.size()) text += std::string(indent) + "# own line\n";
      CAPTURE(text);
      const std::string result = check_migrated(text);
      CAPTURE(result);
      const bool has_own = text.find("# own line") != std::string::npos;
      const bool has_beside = text.find("# beside") != std::string::npos;
      CHECK((result.find("# own line") != std::string::npos) == has_own);
      CHECK((result.find("# beside") != std::string::npos) == has_beside);
      CHECK(std::count(result.begin(), result.end(), '#') ==
            (has_own ? 1 : 0) + (has_beside ? 1 : 0));
    }
  }
}

TEST_CASE("random texts survive") {
  std::mt19937 random(7);
  const std::vector<std::string> pieces = {"a",  "b c", " ",  "\n",  "\t", "#",    ": ",
                                           "- ", "'",   "\"", "\\",  "é",  "\n\n", "  ",
                                           "{",  "]",   ",",  "---", "|",  "null"};
  for (int round = 0; round < 2'000; ++round) {
    std::string value;
    for (unsigned i = random() % 8; i > 0; --i) value += pieces[random() % pieces.size()];
    std::string escaped;
    for (char c : value) {
      if (c == '\n') {
        escaped += "\\n";
      } else if (c == '\t') {
        escaped += "\\t";
      } else {
        if (c == '"' || c == '\\') escaped += '\\';
        escaped += c;
      }
    }
    CAPTURE(escaped);
    const std::string text = "id: p\nenv: {A: \"" + escaped +
                             "\"}\ntasks:\n  - id: a\n    image: i\n    command: [x, \"" + escaped +
                             "\"]\n    env:\n      B: \"" + escaped + "\"\n";
    const std::string result = migrated(text);
    const auto before = load(text);
    const auto after = load(result);
    REQUIRE(before.pipelines.size() == after.pipelines.size());
    for (std::size_t i = 0; i < after.pipelines.size(); ++i) {
      CHECK(content_hash(before.pipelines[i]) == content_hash(after.pipelines[i]));
    }
    CHECK(migrated(result) == result);
  }
}

TEST_CASE("what cannot be migrated is an error, not another file") {
  CHECK(!migrate_pipeline_file("id: [\n"));
  CHECK(!migrate_pipeline_file("id: a\nname: b\n"));
  // Written out it is larger than a file may be.
  std::string large = "id: p\nenv: &e {A: \"" + std::string(60'000, 'x') + "\"}\ntasks:\n";
  for (int i = 0; i < 9; ++i) {
    large += "  - {id: t" + std::to_string(i) + ", image: i, env: *e}\n";
  }
  CHECK(load(large).problems.empty());
  const Result<std::string> result = migrate_pipeline_file(large);
  REQUIRE(!result);
  CHECK(result.error().message.starts_with("today's form of it cannot be read: the file has "));
}
