// backup, restore and history verify on a real store, without an agent.
#include <doctest/doctest.h>

#include <filesystem>

#include "base/json.h"
#include "golden.h"
#include "live_agent.h"

using namespace pawl;
using namespace pawl::cli;

namespace {

Json parse(const std::string& text) {
  Result<Json> json = Json::parse(text);
  REQUIRE(json);
  return std::move(json).value();
}

// The live agent's host after its agent has ended: runs 42 and 43, and one for each call of run().
class Host {
 public:
  explicit Host(int further_runs = 0) {
    for (int i = 0; i < further_runs; ++i) {
      REQUIRE(agent_.invoke({"run", "nightly-backup"}).exit_code == 0);
    }
    agent_.stop();
  }
  [[nodiscard]] Outcome invoke(const std::vector<std::string>& arguments) const {
    return agent_.invoke(arguments);
  }
  [[nodiscard]] std::string path(const std::string& name) const {
    return agent_.directory() + "/" + name;
  }
  [[nodiscard]] std::size_t runs() const {
    return parse(invoke({"runs", "-o", "json"}).out)["runs"].items().size();
  }

 private:
  LiveAgent agent_;
};

}  // namespace

TEST_CASE("a backup brings the history back, on this host or another") {
  const Host host(1);
  const std::string file = host.path("pawl.backup");
  const Outcome made = host.invoke({"backup", file});
  INFO(made.err);
  CHECK(made.exit_code == 0);
  CHECK(made.out == "3 runs, " + std::to_string(std::filesystem::file_size(file)) + " bytes\n");
  CHECK(made.err.empty());

  const Host other;
  CHECK(other.runs() == 2);
  const Outcome refused = other.invoke({"restore", file});
  CHECK(refused.exit_code == 1);
  CHECK(refused.out.empty());
  CHECK(other.runs() == 2);
  const Outcome restored = other.invoke({"restore", file, "--replace", "-o", "json"});
  INFO(restored.err);
  CHECK(restored.exit_code == 0);
  CHECK(other.runs() == 3);
  const Json json = parse(restored.out);
  CHECK(json["directory"].as_string() == other.path("state"));
  CHECK(json["runs"].as_integer() == 3);
  CHECK(json["bytes"].as_integer() > 0);
  const std::string replaced = json["replaced"].as_string();
  CHECK(std::filesystem::exists(replaced));
  CHECK(restored.err == "pawl: the history that was there is now " + replaced + "\n");
}

TEST_CASE("restore on a host that has no history yet") {
  const Host host;
  const std::string file = host.path("pawl.backup");
  REQUIRE(host.invoke({"backup", file}).exit_code == 0);
  std::filesystem::remove_all(host.path("state"));
  CHECK(host.invoke({"runs"}).exit_code == 4);
  const Outcome restored = host.invoke({"restore", file});
  INFO(restored.err);
  CHECK(restored.exit_code == 0);
  CHECK(restored.err.empty());
  CHECK(restored.out.starts_with("2 runs, "));
  CHECK(host.runs() == 2);
  CHECK(parse(host.invoke({"restore", file, "--replace", "-o", "json"}).out).contains("replaced"));
}

TEST_CASE("backup and restore: what cannot be has its exit code, and changes nothing") {
  const Host host;
  const std::string file = host.path("pawl.backup");
  CHECK(host.invoke({"backup", host.path("none/pawl.backup")}).exit_code == 3);
  REQUIRE(host.invoke({"backup", file}).exit_code == 0);
  CHECK(host.invoke({"backup", file}).exit_code == 1);
  CHECK(host.invoke({"restore", host.path("none"), "--replace"}).exit_code == 3);
  std::ofstream(host.path("nonsense")) << "no backup";
  const Outcome nonsense = host.invoke({"restore", host.path("nonsense"), "--replace"});
  CHECK(nonsense.exit_code == 1);
  CHECK(nonsense.err.starts_with("pawl: error: "));
  CHECK(host.runs() == 2);
  const TemporaryDirectory empty;
  const std::string config =
      empty.write("pawl.yaml", "state: {directory: " + empty.path() + "/state}\n");
  CHECK(invoke({"backup", empty.path() + "/b", "--config", config}).exit_code == 3);
  CHECK(invoke({"history", "verify", "--config", config}).exit_code == 3);
}

TEST_CASE("nothing is restored to a guessed place: a host config that is broken is an error") {
  // Files that cannot be, so that nothing is written anywhere should it guess.
  const TemporaryDirectory directory;
  const std::string file = directory.path() + "/none/pawl.backup";
  const std::string broken = directory.write("pawl.yaml", "state: {directory: relative}\n");
  for (const std::vector<std::string>& command :
       {std::vector<std::string>{"restore", file}, {"backup", file}, {"history", "verify"}}) {
    const Outcome outcome = invoke(command, {.default_config = broken});
    CHECK(outcome.exit_code == 1);
    CHECK(outcome.err.find("pawl.yaml:1:") != std::string::npos);
  }
}

TEST_CASE("history verify: intact, in each format") {
  const Host host(2);
  const Outcome outcome = host.invoke({"history", "verify"});
  INFO(outcome.out, outcome.err);
  CHECK(outcome.exit_code == 0);
  CHECK(outcome.out.find("history  intact\n") != std::string::npos);
  const Json json = parse(host.invoke({"history", "verify", "-o", "json"}).out);
  CHECK(json["intact"].as_bool());
  CHECK(json["fault"].is_null());
  CHECK(json["runs"].as_integer() + json["before_chain"].as_integer() > 0);
  CHECK_FALSE(json["key"].as_string().empty());
  CHECK(host.invoke({"history", "verify", "-o", "yaml"})
            .out.starts_with("intact: true\nfault: null\n"));
}

TEST_CASE("history verify: a history that was altered is named on stdout, and the exit code is 1") {
  const Host host(2);
  REQUIRE(host.invoke({"history", "verify"}).exit_code == 0);
  // The run's message, somewhere in the store's file: one letter of it.
  const std::string path = host.path("state/data.mdb");
  std::stringstream bytes;
  bytes << std::ifstream(path, std::ios::binary).rdbuf();
  std::string text = bytes.str();
  const std::string message = "task 'ship' failed";
  std::size_t changed = 0;
  for (std::size_t at = text.find(message); at != std::string::npos; at = text.find(message, at)) {
    text[at] = 'T';
    ++changed;
  }
  REQUIRE(changed > 0);
  std::ofstream(path, std::ios::binary) << text;
  const Outcome outcome = host.invoke({"history", "verify"});
  INFO(outcome.out, outcome.err);
  CHECK(outcome.exit_code == 1);
  CHECK(outcome.out.find("run 42") != std::string::npos);
  const Json json = parse(host.invoke({"history", "verify", "-o", "json"}).out);
  CHECK_FALSE(json["intact"].as_bool(true));
  CHECK(json["fault"].as_string().find("run 42") != std::string::npos);
}
