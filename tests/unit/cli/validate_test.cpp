#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "base/json.h"
#include "golden.h"
#include "harness.h"

using namespace pawl;
using namespace pawl::cli;

namespace {

// Pinned, so that there is nothing to warn of.
const std::string kImage = "alpine:3.20@sha256:" + std::string(64, 'a');

std::string good(const std::string& name) {
  return "name: " + name + "\ntasks:\n  - id: only\n    image: " + kImage +
         "\n    command: [\"true\"]\n";
}

const char* const kBad = R"(name: broken
tirggers: []
tasks:
  - id: a
    image: alpine:3.20
    command: ["true"]
    depends_on: [b, nowhere]
  - id: b
    image: alpine:3.20
    command: ["true"]
    depends_on: [a]
    cpus: lots
)";

// Paths of the test's own directory read DIR, so that they can be compared.
std::string relative(std::string text, const TemporaryDirectory& directory) {
  for (std::size_t at = 0; (at = text.find(directory.path(), at)) != std::string::npos;) {
    text.replace(at, directory.path().size(), "DIR");
  }
  return text;
}

const char* const kNote =
    "pawl: /nonexistent/pawl.yaml is not readable: checking without a host policy (every image, "
    "mount and capability, the networks none and bridge)\n";

}  // namespace

TEST_CASE("Good files: a sum, exit code 0") {
  const TemporaryDirectory directory;
  directory.write("a.yaml", good("one") + "---\n" + good("two"));
  directory.write("sub/deep/b.yml", good("three"));
  directory.write("sub/readme.md", "no pipeline");
  directory.write(".git/c.yaml", "no pipeline");
  const Outcome outcome = invoke({"validate", directory.path()});
  CHECK(outcome.exit_code == 0);
  CHECK(outcome.out == "2 files, 3 pipelines, 0 problems\n");
  CHECK(outcome.err == kNote);
  const std::string file = directory.write("named.txt", good("four"));
  CHECK(invoke({"validate", file, directory.path() + "/a.yaml", directory.path()}).out ==
        "3 files, 4 pipelines, 0 problems\n");
}

TEST_CASE("Every problem of every file, with its place") {
  const TemporaryDirectory directory;
  directory.write("b-broken.yaml", kBad);
  directory.write("c-torn.yaml", "name: [\n");
  directory.write("a-good.yaml", good("good"));
  directory.write("d-again.yaml", "# two\n---\n" + good("other") + "---\n" + good("good"));
  directory.write("e-huge.yaml", std::string(300'000, '#'));
  const Outcome outcome = invoke({"validate", directory.path()});
  CHECK(outcome.exit_code == 1);
  check_golden("validate.txt", relative(outcome.err, directory) + outcome.out);

  const Outcome json = invoke({"validate", directory.path(), "-o", "json"});
  CHECK(json.exit_code == 1);
  CHECK(json.err == kNote);
  check_golden("validate.json", relative(json.out, directory));
  const Result<Json> parsed = Json::parse(json.out);
  REQUIRE(parsed);
  CHECK((*parsed)["files"].as_integer() == 5);
}

TEST_CASE("What is not there: exit code 3, unless there is worse") {
  const TemporaryDirectory directory;
  const std::string good_file = directory.write("full/good.yaml", good("good"));
  const std::string bad_file = directory.write("bad/bad.yaml", kBad);
  std::filesystem::create_directory(directory.path() + "/empty");
  Outcome outcome = invoke({"validate", directory.path() + "/none.yaml", good_file});
  CHECK(outcome.exit_code == 3);
  CHECK(relative(outcome.err, directory) ==
        std::string(kNote) + "DIR/none.yaml: error: no such file or directory\n");
  CHECK(outcome.out == "1 file, 1 pipeline, 1 problem\n");
  outcome = invoke({"validate", directory.path() + "/empty"});
  CHECK(outcome.exit_code == 3);
  CHECK(relative(outcome.err, directory) ==
        std::string(kNote) + "DIR/empty: error: no *.yaml or *.yml file in this directory\n");
  CHECK(invoke({"validate", directory.path() + "/none.yaml", bad_file}).exit_code == 1);
}

TEST_CASE("Links are not followed below a directory, and pipes are not waited for") {
  const TemporaryDirectory directory;
  const TemporaryDirectory outside;
  const std::string elsewhere = outside.write("secret.yaml", good("secret"));
  directory.write("good.yaml", good("good"));
  std::filesystem::create_symlink(elsewhere, directory.path() + "/link.yaml");
  std::filesystem::create_directory_symlink(directory.path(), directory.path() + "/loop");
  std::filesystem::create_directory_symlink("..", directory.path() + "/dir.yaml");
  REQUIRE(::mkfifo((directory.path() + "/pipe.yaml").c_str(), 0600) == 0);
  const Outcome outcome = invoke({"validate", directory.path()});
  CHECK(outcome.exit_code == 0);
  CHECK(outcome.out == "1 file, 1 pipeline, 0 problems\n");
  CHECK(outcome.err.find("/link.yaml: not a regular file") != std::string::npos);
  CHECK(outcome.err.find("/pipe.yaml: not a regular file") != std::string::npos);
  // A link that is named is meant.
  CHECK(invoke({"validate", directory.path() + "/link.yaml"}).exit_code == 0);
  CHECK(invoke({"validate", directory.path() + "/pipe.yaml"}).exit_code == 1);
}

TEST_CASE("The host's policy counts where it is known") {
  const TemporaryDirectory directory;
  const std::string file = directory.write("p.yaml", good("p"));
  const std::string strict = directory.write("strict.conf", "policy: {images: [\"busybox:*\"]}\n");
  const std::string open = directory.write("open.conf", "policy: {images: [\"alpine:*\"]}\n");
  const Outcome refused = invoke({"validate", file, "--config", strict});
  CHECK(refused.exit_code == 1);
  CHECK(refused.err.starts_with(file + ":4:"));
  CHECK(refused.err.find("alpine:3.20") != std::string::npos);
  const Outcome allowed = invoke({"validate", file}, {.default_config = open});
  CHECK(allowed.exit_code == 0);
  CHECK(allowed.err.empty());
  const std::string broken = directory.write("broken.conf", "workers: many\n");
  CHECK(invoke({"validate", file, "--config", broken}).exit_code == 1);
  const Outcome ignored = invoke({"validate", file}, {.default_config = broken});
  CHECK(ignored.exit_code == 0);
  CHECK(ignored.err.find("has problems of its own") != std::string::npos);
}

TEST_CASE("Each problem comes with its line and a mark below the place") {
  const TemporaryDirectory directory;
  const std::string wide(300, 'w');
  directory.write("a-plain.yaml",
                  "name: p\n  # indented\ntasks: [{id: a, image: i, cpus: lots}]\n");
  directory.write("b-tabs.yaml", "name: p\ntasks: [{id: a,\timage: i,\tcpus: lots}]\n");
  directory.write("c-indent.yaml", "name: p\ntasks:\n\t- id: a\n");
  directory.write("d-wide.yaml",
                  "name: p\ntasks: [{id: a, user: \"\xe6\xbc\xa2\xe5\xad\x97 e\xcc\x81 "
                  "\xf0\x9f\x98\x80\", image: i, cpus: lots}]\n");
  directory.write("e-long.yaml", "name: p\ntasks: [{id: a, env: {A: " + wide +
                                     "}, image: i, cpus: lots, "
                                     "user: root, env2: " +
                                     wide + "}]\n");
  directory.write("f-long-start.yaml", "nmae: " + wide + "\n");
  directory.write(
      "g-long-wide.yaml", "name: p\ndescription: [\"" + [] {
        std::string text;
        for (int i = 0; i < 500; ++i) text += "\xe6\xbc\xa2";
        return text;
      }() + "\", x]\ntask: {image: i}\n");
  directory.write("h-control.yaml", "name: \"a\x1b[2J\x07\"\n");
  directory.write("i-bidi.yaml", "name: p\n\"\xe2\x80\xae key\": 1\ntask: {image: i}\n");
  directory.write("j-bytes.yaml", "name: \xff\xfe p\n");
  directory.write("k-end.yaml", "name: [\n");
  directory.write("l-crlf.yaml", "\xef\xbb\xbfnmae: p\r\ntask: {id: a, image: i}\r\n");
  const Outcome outcome = invoke({"validate", directory.path()});
  CHECK(outcome.exit_code == 1);
  check_golden("validate-marks.txt", relative(outcome.err, directory) + outcome.out);
}

TEST_CASE("Warnings are shown and counted; they fail with --strict only") {
  const TemporaryDirectory directory;
  const std::string file = directory.write("p.yaml",
                                           "name: p\nparams: [{name: unused, default: x}]\n"
                                           "task: {image: \"i@sha256:" +
                                               std::string(64, 'a') + "\"}\n");
  const std::string warning = file + ":2:17: warning: param \"unused\" is not used";
  Outcome outcome = invoke({"validate", file});
  CHECK(outcome.exit_code == 0);
  CHECK(outcome.out == "1 file, 1 pipeline, 0 problems, 1 warning\n");
  CHECK(outcome.err.starts_with(kNote + warning));
  CHECK(outcome.err.ends_with("\n  params: [{name: unused, default: x}]\n                  ^\n"));
  outcome = invoke({"validate", file, "--strict"});
  CHECK(outcome.exit_code == 1);
  CHECK(outcome.out == "1 file, 1 pipeline, 0 problems, 1 warning\n");

  const Result<Json> json = Json::parse(invoke({"validate", file, "-o", "json"}).out);
  REQUIRE(json);
  CHECK((*json)["problems"].dump() == "[]");
  const Json& found = (*json)["warnings"].items().at(0);
  CHECK(found["file"].as_string() == file);
  CHECK(found["line"].as_integer() == 2);
  CHECK(found["column"].as_integer() == 17);
  CHECK(found["severity"].as_string() == "warning");
  CHECK(found["message"].as_string().starts_with("param \"unused\" is not used"));
  CHECK(found["excerpt"].as_string() == "params: [{name: unused, default: x}]");
  CHECK(found["text"].as_string().starts_with(warning));
}

TEST_CASE(
    "Pipelines for other hosts are checked, counted, and named apart where the host is known") {
  const TemporaryDirectory directory;
  const std::string image = "task: {image: \"i@sha256:" + std::string(64, 'a') + "\"}\n";
  const std::string config =
      directory.write("host.conf", "host: {name: edge-1}\npolicy: {images: [\"*\"]}\n");
  const std::string file =
      directory.write("p.yaml", "name: a\nhosts: {names: edge-*}\n" + image +
                                    "---\nname: b\nhosts: {names: core-*}\n" + image);
  Outcome outcome = invoke({"validate", file, "--config", config});
  CHECK(outcome.exit_code == 0);
  CHECK(outcome.out == "1 file, 2 pipelines (1 for other hosts), 0 problems\n");
  const Result<Json> json =
      Json::parse(invoke({"validate", file, "--config", config, "-o", "json"}).out);
  REQUIRE(json);
  CHECK((*json)["pipelines"].as_integer() == 2);
  CHECK((*json)["elsewhere"].as_integer() == 1);
  CHECK(invoke({"validate", file}).out == "1 file, 2 pipelines, 0 problems\n");
}

TEST_CASE("What this host's policy refuses is counted apart") {
  const TemporaryDirectory directory;
  const std::string config = directory.write(
      "host.conf", "host: {name: edge-1}\npolicy: {images: [\"*\"], mounts: [/srv/in]}\n");
  const std::string held = "tasks: [{id: a, image: \"i@sha256:" + std::string(64, 'a') +
                           "\", mounts: [\"/srv/in:/in:rw\"]}]\n";
  const std::string file = directory.write(
      "p.yaml", "name: a\nhosts: {names: core-*}\n" + held + "---\nname: b\n" + held);
  const Outcome outcome = invoke({"validate", file, "--config", config});
  CHECK(outcome.exit_code == 1);
  CHECK(outcome.out ==
        "1 file, 2 pipelines (1 for other hosts, 1 refused by this host's policy), 1 problem\n");
  CHECK(outcome.err.find(file + ":6:104: error: mount of \"/srv/in\" is allowed on this host, but "
                                "only to be read (policy.mounts names /srv/in)") !=
        std::string::npos);
  const Result<Json> json =
      Json::parse(invoke({"validate", file, "--config", config, "-o", "json"}).out);
  REQUIRE(json);
  CHECK((*json)["elsewhere"].as_integer() == 1);
  CHECK((*json)["refused"].as_integer() == 1);
  // Some host's policy may give it.
  CHECK(invoke({"validate", file}).exit_code == 0);
}

TEST_CASE("--migrate prints today's form, or what is wrong and nothing else") {
  const TemporaryDirectory directory;
  const std::string old =
      directory.write("old.yaml", "pipeline:\n  id: p  # ours\n  task: {name: Big Job, image: \"" +
                                      kImage + "\"}\n");
  const std::string today = directory.write("today.yaml", "# \xe2\x80\xae\n" + good("good"));
  const std::string bad = directory.write("bad.yaml", "id: p\nname: q\n");
  Outcome outcome = invoke({"validate", "--migrate", old});
  CHECK(outcome.exit_code == 0);
  CHECK(outcome.out == "name: p  # ours\ntasks:\n  - {id: big-job, image: \"" + kImage + "\"}\n");
  CHECK(outcome.err == kNote);
  CHECK(invoke({"validate", "--migrate", today}).out == "# \xe2\x80\xae\n" + good("good"));
  CHECK(invoke({"validate", "--migrate", today}, {.terminal = true}).out ==
        "# \\u202e\n" + good("good"));

  outcome = invoke({"validate", "--migrate", bad});
  CHECK(outcome.exit_code == 1);
  CHECK(outcome.out.empty());
  CHECK(outcome.err.find("bad.yaml:2:1: error: 'name' means the same as 'id' in line 1") !=
        std::string::npos);
  CHECK(invoke({"validate", "--migrate", directory.path() + "/none"}).exit_code == 3);
  outcome = invoke({"validate", "--migrate", directory.path()});
  CHECK(outcome.exit_code == 1);
  CHECK(outcome.err.find("--migrate takes one file, not a directory") != std::string::npos);
  const std::vector<std::vector<std::string>> others = {{today}, {"--strict"}, {"-o", "json"}};
  for (const std::vector<std::string>& more : others) {
    std::vector<std::string> arguments{"validate", "--migrate", old};
    arguments.insert(arguments.end(), more.begin(), more.end());
    outcome = invoke(arguments);
    CHECK(outcome.exit_code == 2);
    CHECK(outcome.out.empty());
    CHECK(outcome.err.starts_with("pawl: --migrate takes one file, and neither"));
  }
}

TEST_CASE("Text from a file cannot command a terminal") {
  const TemporaryDirectory directory;
  const std::string file = directory.write("evil\x1b[2J.yaml", "name: x\n\"key\\e[31m\": 1\n");
  const Outcome outcome = invoke({"validate", file});
  CHECK(outcome.exit_code == 1);
  CHECK(outcome.err.find('\x1b') == std::string::npos);
  CHECK(outcome.err.find("evil\\x1b[2J.yaml:") != std::string::npos);
}
