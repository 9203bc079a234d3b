// The commands against the real API: its objects, its errors, its streams, over both kinds of address.
#include "live_agent.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>
#include <thread>

#include "base/json.h"
#include "golden.h"

using namespace pawl;
using namespace pawl::cli;

namespace {

Json parse(const std::string& text) {
  Result<Json> json = Json::parse(text);
  REQUIRE(json);
  return std::move(json).value();
}

struct WorkingDirectory {
  explicit WorkingDirectory(const std::string& path) : before(std::filesystem::current_path()) {
    std::filesystem::current_path(path);
  }
  ~WorkingDirectory() { std::filesystem::current_path(before); }
  std::filesystem::path before;
};

// The lines of the code blocks that are commands, split at blanks.
std::vector<std::vector<std::string>> documented_commands(const std::string& path) {
  std::ifstream file(path);
  REQUIRE(file);
  std::vector<std::vector<std::string>> commands;
  bool in_code = false;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("```")) in_code = !in_code;
    if (!in_code || !line.starts_with("pawl ")) continue;
    std::istringstream words(line.substr(5));
    commands.emplace_back(std::istream_iterator<std::string>(words),
                          std::istream_iterator<std::string>());
  }
  return commands;
}

}  // namespace

TEST_CASE("Every command of docs/cli.md does what it says") {
  LiveAgent agent;
  const WorkingDirectory here(agent.directory());
  std::set<std::string> used;
  for (const std::vector<std::string>& command : documented_commands(PAWL_CLI_PAGE)) {
    std::string line;
    for (const std::string& word : command) line += word + " ";
    INFO(line);
    used.insert(command.front());
    // One process opens a store once, and nothing is restored under an agent.
    if (command.front() == "backup") agent.stop();
    const Outcome outcome = agent.invoke(command);
    INFO(outcome.err);
    // 99: what the harness's hook returns for the agent.
    CHECK(outcome.exit_code == (command.front() == "agent" ? 99 : 0));
  }
  CHECK(used.size() == 18);
}

TEST_CASE("What the real API answers is what the tables expect") {
  const LiveAgent agent;
  check_golden("live-status.txt", agent.invoke({"status"}).out);
  check_golden("live-pipelines.txt", agent.invoke({"pipelines"}).out);
  check_golden("live-next.txt", agent.invoke({"next", "--count", "3"}).out);
  check_golden("live-sources.txt", agent.invoke({"sources"}).out);
  check_golden("live-runs.txt", agent.invoke({"runs"}).out);
  check_golden("live-show.txt", agent.invoke({"show", "42"}).out);
  check_golden("live-logs.txt", agent.invoke({"logs", "42"}).out);
  check_golden("live-pipeline-show.txt", agent.invoke({"pipeline", "show", "nightly-backup"}).out);
  check_golden("live-pipeline-explain.txt",
               agent.invoke({"pipeline", "explain", "nightly-backup"}).out);
  CHECK(agent.invoke({"logs", "42", "dump"}).out ==
        "again\nd\xff"
        "ne\n");
  CHECK(agent.invoke({"logs", "42", "dump", "--attempt", "1"}).out == "dumping\nhalf a ");
}

TEST_CASE("what tasks used in the last runs becomes suggestions, as text, JSON and YAML") {
  const LiveAgent agent;
  for (int i = 0; i < 2; ++i) CHECK(agent.invoke({"run", "nightly-backup"}).exit_code == 0);
  const std::vector<std::string> explain = {"pipeline", "explain", "nightly-backup"};
  check_golden("live-suggested.txt", agent.invoke(explain).out);
  std::vector<std::string> with_format = explain;
  with_format.insert(with_format.end(), {"-o", "json"});
  check_golden("live-suggested.json", agent.invoke(with_format).out);
  with_format.back() = "yaml";
  check_golden("live-suggested.yaml", agent.invoke(with_format).out);
}

TEST_CASE("a refused pipeline is listed with why, one for other hosts only explained") {
  const LiveAgent agent;
  const Outcome list = agent.invoke({"pipelines"});
  CHECK(list.out.find("hungry: refused by this host's policy: task 'eat' asks for memory 8g, "
                      "policy.max.memory is 1g\n") != std::string::npos);
  CHECK(list.out.find("deploy") == std::string::npos);
  const Outcome explained = agent.invoke({"pipeline", "explain", "hungry"});
  CHECK(explained.exit_code == 0);
  CHECK(explained.out ==
        "pipeline   hungry\nsource     fleet:hungry.yaml:1\nrevision   0123456789ab\n"
        "runs here  no, this host's policy refuses it: task 'eat' asks for memory 8g, "
        "policy.max.memory is 1g\n");
  const Outcome shown = agent.invoke({"pipeline", "show", "hungry"});
  CHECK(shown.exit_code == 3);
  CHECK(shown.err.find("this host's policy refuses it: task 'eat' asks") != std::string::npos);
  CHECK(
      agent.invoke({"pipeline", "show", "deploy"}).err.find("it is for other hosts: hosts.names") !=
      std::string::npos);
  CHECK(agent.invoke({"pipeline", "show", "deploy"}).exit_code == 3);
}

TEST_CASE("TCP is as good as the socket") {
  const LiveAgent agent;
  for (const std::vector<std::string>& command :
       {std::vector<std::string>{"status"}, {"runs"}, {"show", "42"}, {"logs", "42"}}) {
    const Outcome over_tcp = agent.invoke_over_tcp(command);
    CHECK(over_tcp.exit_code == 0);
    CHECK(over_tcp.out == agent.invoke(command).out);
  }
  CHECK(agent.invoke_over_tcp({"run", "nightly-backup"}).out == "44\n");
}

TEST_CASE("The agent and its store say the same of a run") {
  LiveAgent agent;
  const std::vector<std::vector<std::string>> commands = {{"runs", "-o", "json"},
                                                          {"show", "42", "-o", "json"},
                                                          {"show", "43", "-o", "json"},
                                                          {"logs", "42"},
                                                          {"logs", "42", "dump"}};
  std::vector<std::string> answers;
  for (const auto& command : commands) answers.push_back(agent.invoke(command).out);
  agent.stop();
  for (std::size_t i = 0; i < commands.size(); ++i) {
    const Outcome outcome = agent.invoke(commands[i]);
    CHECK(outcome.exit_code == 0);
    CHECK(outcome.err.starts_with("pawl: agent is not running: "));
    CHECK(outcome.out == answers[i]);
  }
  CHECK(agent.invoke({"status"}).exit_code == 4);
  CHECK(agent.invoke({"pipeline", "explain", "nightly-backup"}).exit_code == 4);
}

TEST_CASE("The API's refusals have their exit codes") {
  const LiveAgent agent;
  const std::vector<std::pair<std::vector<std::string>, int>> expected = {
      {{"run", "none"}, 3},
      {{"run", "nightly-backup", "-p", "level=half"}, 1},
      {{"run", "nightly-backup", "-p", "depth=1"}, 1},
      {{"show", "999"}, 3},
      {{"logs", "999"}, 3},
      {{"logs", "42", "none"}, 3},
      {{"logs", "42", "dump", "--attempt", "3"}, 3},
      {{"cancel", "42"}, 1},
      {{"cancel", "999"}, 3},
      {{"cancel", "43"}, 0},
      {{"sync", "none"}, 3},
      {{"sync", "down"}, 0},
      {{"sync", "down", "--wait"}, 1},
      {{"sync", "--wait"}, 1},
      {{"sync", "fleet", "--wait"}, 0},
      {{"next", "--pipeline", "none"}, 3},
      {{"retry", "43"}, 1},
      {{"retry", "999"}, 3},
      {{"retry", "42", "--failed", "--wait"}, 0},
      {{"retry", "44", "--failed"}, 1},
      {{"pipeline", "show", "none"}, 3},
      {{"pipeline", "explain", "none"}, 3},
      {{"pipeline", "suspend", "none"}, 3},
      {{"pipeline", "resume", "none"}, 3},
  };
  for (const auto& [command, code] : expected) {
    std::string line;
    for (const std::string& word : command) line += word + " ";
    const Outcome outcome = agent.invoke(command);
    INFO(line, outcome.err);
    CHECK(outcome.exit_code == code);
  }
}

TEST_CASE("Filters survive the way to the agent whatever their characters") {
  const LiveAgent agent;
  const auto count = [&](const std::vector<std::string>& filters) {
    std::vector<std::string> arguments = {"runs", "-o", "json"};
    arguments.insert(arguments.end(), filters.begin(), filters.end());
    const Outcome outcome = agent.invoke(arguments);
    INFO(outcome.err);
    CHECK(outcome.exit_code == 0);
    return parse(outcome.out)["runs"].items().size();
  };
  CHECK(count({}) == 2);
  CHECK(count({"--pipeline", "nightly-backup"}) == 2);
  CHECK(count({"--pipeline", "a b+c&limit=1%20/ä"}) == 0);
  CHECK(count({"--status", "failed"}) == 1);
  CHECK(count({"--trigger", "cron"}) == 1);
  CHECK(count({"--since", "2m"}) == 2);
  CHECK(count({"--since", "2026-03-29T13:58:59+02:00"}) == 2);
  CHECK(count({"--since", "2026-03-29T13:59:01+02:00"}) == 0);
  CHECK(count({"--limit", "1"}) == 1);
}

TEST_CASE("run: params and key arrive, a known key finds its run") {
  const LiveAgent agent;
  CHECK(
      agent
          .invoke({"run", "nightly-backup", "-p", "level=full", "--idempotency-key", R"(r~7/{"}:)"})
          .out == "44\n");
  const Json run = parse(agent.invoke({"show", "44", "-o", "json"}).out);
  CHECK(run["params"]["level"].as_string() == "full");
  CHECK(run["trigger"]["actor"].as_string().starts_with("uid "));
  const Outcome again =
      agent.invoke({"run", "nightly-backup", "--idempotency-key", R"(r~7/{"}:)", "--wait"});
  CHECK(again.exit_code == 0);
  CHECK(again.out == "44\n");
  CHECK(again.err.starts_with("pawl: this key was used before; run 44 is its run\n"));
  CHECK(agent.invoke({"run", "nightly-backup"}).out == "45\n");
  CHECK(agent.invoke({"run", "nightly-backup"}).out == "46\n");
}

TEST_CASE("retry: a run of its own that names the first, once for each key") {
  const LiveAgent agent;
  const Outcome retried = agent.invoke({"retry", "42", "--idempotency-key", "k", "--wait"});
  CHECK(retried.exit_code == 0);
  CHECK(retried.out == "44\n");
  const Json run = parse(agent.invoke({"show", "44", "-o", "json"}).out);
  CHECK(run["trigger"]["kind"].as_string() == "retry");
  CHECK(run["trigger"]["parent_run_id"].as_string() == "42");
  CHECK(run["params"]["level"].as_string() == "delta");
  const Outcome again = agent.invoke({"retry", "42", "--idempotency-key", "k"});
  CHECK(again.out == "44\n");
  CHECK(again.err == "pawl: this key was used before; run 44 is its run\n");
  CHECK(agent.invoke({"retry", "42"}).out == "45\n");
  CHECK(agent.invoke({"retry", "42"}).out == "46\n");
}

TEST_CASE("retry --follow goes along with the new run") {
  LiveAgent agent;
  agent.hold_runs();
  agent.on_look(2, [&] { agent.finish_run(RunId{44}); });
  const Outcome outcome = agent.invoke({"retry", "42", "--failed", "--follow"});
  CHECK(outcome.exit_code == 0);
  CHECK(outcome.out == "44\ndump | dumping\ndump | half a line\ndump | dumped\nship | shipped\n");
}

TEST_CASE("a suspended pipeline shows everywhere, and goes on after resume") {
  const LiveAgent agent;
  const std::string before = agent.invoke({"pipelines"}).out;
  CHECK(agent.invoke({"pipeline", "suspend", "nightly-backup"}).exit_code == 0);
  CHECK(agent.invoke({"pipeline", "suspend", "nightly-backup"}).exit_code == 0);
  CHECK(agent.invoke({"pipelines"}).out.find("suspended") != std::string::npos);
  CHECK(agent.invoke({"next"}).out == "AT  PIPELINE  CRON  TIMEZONE\n");
  const Json shown = parse(agent.invoke({"pipeline", "show", "nightly-backup", "-o", "json"}).out);
  CHECK(shown["suspended"]["actor"].as_string().starts_with("uid "));
  CHECK(shown["next_ticks"].items().empty());
  CHECK(agent.invoke({"run", "nightly-backup"}).exit_code == 0);
  CHECK(agent.invoke({"pipeline", "resume", "nightly-backup"}).exit_code == 0);
  CHECK(agent.invoke({"pipeline", "resume", "nightly-backup"}).exit_code == 0);
  CHECK(agent.invoke({"pipelines"}).out.find("suspended") == std::string::npos);
  CHECK(before.find("suspended") == std::string::npos);
}

TEST_CASE("run --follow goes along with a live run") {
  LiveAgent agent;
  agent.hold_runs();
  agent.on_look(2, [&] { agent.finish_run(RunId{44}); });
  const Outcome outcome = agent.invoke({"run", "nightly-backup", "--follow"});
  CHECK(outcome.exit_code == 0);
  CHECK(outcome.out == "44\ndump | dumping\ndump | half a line\ndump | dumped\nship | shipped\n");
  CHECK(outcome.err == "pawl: run 44: success after 59s\n");
}

TEST_CASE("logs RUN TASK -f streams until the task has ended") {
  LiveAgent agent;
  agent.on_wait([&] { agent.finish_run(RunId{43}); });
  const Outcome outcome = agent.invoke({"logs", "43", "dump", "-f"});
  CHECK(outcome.exit_code == 0);
  CHECK(outcome.out == "dumping\nhalf a line\ndumped\n");
}

TEST_CASE("logs RUN TASK -f waits for a task that has not started") {
  LiveAgent agent;
  agent.on_wait([&] { agent.finish_run(RunId{43}); });
  const Outcome outcome = agent.invoke({"logs", "43", "ship", "-f"});
  CHECK(outcome.exit_code == 0);
  CHECK(outcome.out == "shipped");
}

TEST_CASE("A stream that breaks off is no end: exit code 4") {
  LiveAgent agent;
  std::thread stopper;
  agent.on_wait([&] { stopper = std::thread([&] { agent.stop(); }); });
  const Outcome outcome = agent.invoke({"logs", "43", "dump", "-f"});
  stopper.join();
  CHECK(outcome.exit_code == 4);
  CHECK(outcome.out == "dumping\nhalf a ");
  CHECK(outcome.err.find("the agent went away before the end of the output") != std::string::npos);
}
