#include "cli/arguments.h"

#include <doctest/doctest.h>

#include "golden.h"

using namespace pawl;
using namespace pawl::cli;

namespace {

using Words = std::vector<std::string>;

template <typename T>
T parsed_as(const Words& words) {
  const ParsedArguments parsed = parse_arguments(words);
  INFO(parsed.err);
  REQUIRE(parsed.invocation);
  REQUIRE(std::holds_alternative<T>(parsed.invocation->command));
  return std::get<T>(parsed.invocation->command);
}

std::string usage_error(const Words& words) {
  const ParsedArguments parsed = parse_arguments(words);
  CHECK_FALSE(parsed.invocation);
  CHECK(parsed.exit_code == ExitCode::kUsage);
  CHECK(parsed.out.empty());
  return parsed.err;
}

const Words kCommands = {"agent", "validate", "run",       "retry",   "runs", "show",
                         "logs",  "cancel",   "pipelines", "sources", "sync", "status",
                         "next",  "backup",   "restore",   "version"};
// Words with commands of their own.
const std::vector<Words> kNested = {{"pipeline", "show"},
                                    {"pipeline", "explain"},
                                    {"pipeline", "suspend"},
                                    {"pipeline", "resume"},
                                    {"history", "verify"}};

}  // namespace

TEST_CASE("run takes params, waiting and a key") {
  const auto plain = parsed_as<RunArguments>({"run", "nightly"});
  CHECK(plain.pipeline == "nightly");
  CHECK(plain.params.empty());
  CHECK_FALSE(plain.start.wait);
  CHECK_FALSE(plain.start.follow);
  CHECK_FALSE(plain.start.timeout_ms);

  const auto full = parsed_as<RunArguments>({"run", "-p", "level=full", "nightly", "--param",
                                             "q=a=b", "-p", "empty=", "--follow", "--timeout",
                                             "1m30s", "--idempotency-key", "k1"});
  CHECK(full.pipeline == "nightly");
  CHECK(full.params == Variables{{"level", "full"}, {"q", "a=b"}, {"empty", ""}});
  CHECK(full.start.follow);
  CHECK(full.start.timeout_ms == 90'000);
  CHECK(full.start.idempotency_key == "k1");

  CHECK(parsed_as<RunArguments>({"run", "x", "-p", "list=[1,2]"}).params ==
        Variables{{"list", "[1,2]"}});
}

TEST_CASE("retry takes a run, what to try again, and what run takes of waiting") {
  const auto plain = parsed_as<RetryArguments>({"retry", "42"});
  CHECK(plain.run.value == 42);
  CHECK_FALSE(plain.failed_only);
  CHECK_FALSE(plain.start.wait);
  CHECK_FALSE(plain.start.follow);
  const auto full = parsed_as<RetryArguments>(
      {"retry", "--failed", "42", "--wait", "--timeout", "2m", "--idempotency-key", "k"});
  CHECK(full.failed_only);
  CHECK(full.start.wait);
  CHECK(full.start.timeout_ms == 120'000);
  CHECK(full.start.idempotency_key == "k");
  CHECK(parsed_as<RetryArguments>({"retry", "42", "--follow"}).start.follow);
}

TEST_CASE("pipeline and history have commands of their own") {
  const auto show = parsed_as<PipelineShowArguments>({"pipeline", "show", "p", "-o", "yaml"});
  CHECK(show.pipeline == "p");
  CHECK(show.format == Format::kYaml);
  const auto suspend = parsed_as<PipelineSuspendArguments>({"pipeline", "suspend", "p"});
  CHECK(suspend.pipeline == "p");
  CHECK(suspend.suspend);
  CHECK_FALSE(parsed_as<PipelineSuspendArguments>({"pipeline", "resume", "p"}).suspend);
  CHECK(parsed_as<VerifyArguments>({"history", "verify", "-o", "json"}).format == Format::kJson);
}

TEST_CASE("backup and restore take a file") {
  CHECK(parsed_as<BackupArguments>({"backup", "/f"}).file == "/f");
  CHECK_FALSE(parsed_as<RestoreArguments>({"restore", "/f"}).replace);
  const auto restore = parsed_as<RestoreArguments>({"restore", "--replace", "/f", "-o", "json"});
  CHECK(restore.file == "/f");
  CHECK(restore.replace);
  CHECK(restore.format == Format::kJson);
}

TEST_CASE("A pipeline may have the name of a command") {
  for (const std::string& name : kCommands) {
    CHECK(parsed_as<RunArguments>({"run", name, "--wait"}).pipeline == name);
    CHECK(parsed_as<PipelineShowArguments>({"pipeline", "show", name}).pipeline == name);
  }
  for (const std::string name : {"pipeline", "history", "suspend", "verify"}) {
    CHECK(parsed_as<RunArguments>({"run", name}).pipeline == name);
    CHECK(parsed_as<PipelineSuspendArguments>({"pipeline", "suspend", name}).pipeline == name);
  }
}

TEST_CASE("runs takes filters") {
  const auto none = parsed_as<RunsArguments>({"runs"});
  CHECK(none.limit == 20);
  CHECK(none.format == Format::kTable);
  const auto all =
      parsed_as<RunsArguments>({"runs", "--pipeline", "p", "--status", "failed", "--trigger",
                                "cron", "--since=24h", "--limit", "500", "-o", "json"});
  CHECK(all.pipeline == "p");
  CHECK(all.status == "failed");
  CHECK(all.trigger == "cron");
  CHECK(all.since == "24h");
  CHECK(all.limit == 500);
  CHECK(all.format == Format::kJson);
  CHECK(parsed_as<RunsArguments>({"runs", "--since", "2026-03-29T01:00:00Z"}).since ==
        "2026-03-29T01:00:00Z");
}

TEST_CASE("The other commands take what they show in their help") {
  CHECK(parsed_as<ShowArguments>({"show", "42", "-ojson"}).run.value == 42);
  const auto logs = parsed_as<LogsArguments>({"logs", "42", "dump", "-f", "--attempt", "2"});
  CHECK(logs.run.value == 42);
  CHECK(logs.task == "dump");
  CHECK(logs.follow);
  CHECK(logs.attempt == 2);
  CHECK(parsed_as<LogsArguments>({"logs", "42"}).task.empty());
  CHECK(parsed_as<CancelArguments>({"cancel", "9"}).run.value == 9);
  CHECK(parsed_as<SyncArguments>({"sync"}).source.empty());
  CHECK(parsed_as<SyncArguments>({"sync", "fleet", "--wait"}).wait);
  CHECK(parsed_as<NextArguments>({"next"}).count == 10);
  CHECK(parsed_as<NextArguments>({"next", "--count", "200", "--pipeline", "p"}).count == 200);
  CHECK(parsed_as<ValidateArguments>({"validate", "a", "b c"}).paths == Words{"a", "b c"});
  CHECK(parsed_as<ValidateArguments>({"validate", "--", "-odd.yaml"}).paths == Words{"-odd.yaml"});
  (void)parsed_as<AgentArguments>({"agent"});
  (void)parsed_as<PipelinesArguments>({"pipelines"});
  (void)parsed_as<SourcesArguments>({"sources", "-o", "table"});
  (void)parsed_as<StatusArguments>({"status"});
  (void)parsed_as<VersionArguments>({"version"});
  (void)parsed_as<VersionArguments>({"--version"});
}

TEST_CASE("--config and --server stand anywhere") {
  for (const Words& words : {Words{"--config", "/c", "--server", "/s", "status"},
                             Words{"status", "--server=/s", "--config=/c"},
                             Words{"--server", "/s", "status", "--config", "/c"},
                             Words{"pipeline", "--server", "/s", "show", "p", "--config", "/c"}}) {
    const ParsedArguments parsed = parse_arguments(words);
    REQUIRE(parsed.invocation);
    CHECK(parsed.invocation->global.config_path == "/c");
    CHECK(parsed.invocation->global.server == "/s");
  }
  CHECK_FALSE(parse_arguments({"status"}).invocation->global.config_path);
}

TEST_CASE("Addresses") {
  CHECK(normalize_address("/run/x.sock") == "unix:///run/x.sock");
  CHECK(normalize_address("unix:///run/x.sock") == "unix:///run/x.sock");
  CHECK(normalize_address("127.0.0.1:7433") == "http://127.0.0.1:7433");
  CHECK(normalize_address("http://127.0.0.1:7433/") == "http://127.0.0.1:7433");
  CHECK(normalize_address("http://[::1]:7433") == "http://[::1]:7433");
  for (const char* bad : {"", "x", "unix://x", "https://127.0.0.1:1", "http://h", "h:0", "h:65536",
                          "h:1x", ":80", "http://h:1/path", "http://user@h:1"}) {
    CHECK_FALSE(normalize_address(bad));
  }
}

TEST_CASE("Usage errors say what, and where to read more") {
  CHECK(usage_error({"statsu"}) ==
        "pawl: unknown command 'statsu'; did you mean 'status'?\nSee `pawl --help`.\n");
  CHECK(usage_error({"frobnicate", "x"}) ==
        "pawl: unknown command 'frobnicate'\nSee `pawl --help`.\n");
  CHECK(usage_error({"run", "x", "--folow"}) ==
        "pawl: unknown option '--folow'; did you mean '--follow'?\nSee `pawl run --help`.\n");
  CHECK(usage_error({"runs", "--limti=3"}) ==
        "pawl: unknown option '--limti=3'; did you mean '--limit'?\nSee `pawl runs --help`.\n");
  CHECK(usage_error({"show", "1", "2"}) ==
        "pawl: one argument too many: '2'\nSee `pawl show --help`.\n");
  CHECK(usage_error({"show"}) == "pawl: RUN is required\nSee `pawl show --help`.\n");
  CHECK(usage_error({"show", "x"}) ==
        "pawl: RUN: 'x' is no run number; `pawl runs` lists them\nSee `pawl show --help`.\n");
  CHECK(usage_error({"\x1b[2J"}) == "pawl: unknown command '\\x1b[2J'\nSee `pawl --help`.\n");
  CHECK(usage_error({}).starts_with("Usage: pawl COMMAND"));
  CHECK(usage_error({"pipeline"}) ==
        "pawl: `pawl pipeline` needs one of show, explain, suspend, resume\nSee `pawl pipeline "
        "--help`.\n");
  CHECK(usage_error({"pipeline", "supend", "p"}) ==
        "pawl: unknown command 'pipeline supend'; did you mean 'suspend'?\n"
        "See `pawl pipeline --help`.\n");
  CHECK(usage_error({"pipeline", "suspend"}) ==
        "pawl: NAME is required\nSee `pawl pipeline suspend --help`.\n");
  CHECK(usage_error({"history", "verify", "x"}) ==
        "pawl: one argument too many: 'x'\nSee `pawl history verify --help`.\n");
  CHECK(usage_error({"retry", "42", "--faild"}) ==
        "pawl: unknown option '--faild'; did you mean '--failed'?\nSee `pawl retry --help`.\n");
  CHECK(usage_error({"backup", "f", "--server", "/s"}) ==
        "pawl: --server has no meaning here: this works on the state directory of this host\n"
        "See `pawl backup --help`.\n");
}

TEST_CASE("Wrong values are usage errors") {
  for (const Words& words : {
           Words{"show", "0"},
           Words{"show", "-1"},
           Words{"show", "1x"},
           Words{"cancel", ""},
           Words{"runs", "--status", "broken"},
           Words{"runs", "--trigger", "hook"},
           Words{"runs", "--since", "yesterday"},
           Words{"runs", "--limit", "0"},
           Words{"runs", "--limit", "10001"},
           Words{"runs", "--limit", "0x10"},
           Words{"runs", "-o", "xml"},
           Words{"runs", "--limit"},
           Words{"next", "--count", "201"},
           Words{"run", ""},
           Words{"run", "x", "-p", "novalue"},
           Words{"run", "x", "-p", "=v"},
           Words{"run", "x", "-p", "a=1", "-p", "a=2"},
           Words{"run", "x", "--wait", "--follow"},
           Words{"run", "x", "--timeout", "5s"},
           Words{"run", "x", "--wait", "--timeout", "soon"},
           Words{"run", "x", "--idempotency-key", ""},
           Words{"run", "x", "--idempotency-key", "r 7"},
           Words{"run", "x", "--idempotency-key", "\xc3\xa4"},
           Words{"run", "x", "--idempotency-key", std::string(201, 'k')},
           Words{"logs", "1", "--attempt", "1"},
           Words{"logs", "1", "t", "--attempt", "0"},
           Words{"validate"},
           Words{"status", "--server", "nowhere"},
           Words{"status", "--config", ""},
           Words{"version", "extra"},
           Words{"logs", "1", "t", "u"},
           Words{"cancel", "1", "-o", "json"},
           Words{"retry"},
           Words{"retry", "x"},
           Words{"retry", "1", "2"},
           Words{"retry", "1", "--wait", "--follow"},
           Words{"retry", "1", "--timeout", "5s"},
           Words{"retry", "1", "--idempotency-key", "a b"},
           Words{"pipeline", "delete", "p"},
           Words{"pipeline", "suspend", "p", "-o", "json"},
           Words{"pipeline", "show", ""},
           Words{"history"},
           Words{"backup"},
           Words{"backup", "a", "b"},
           Words{"backup", ""},
           Words{"backup", "f", "--replace"},
           Words{"restore"},
           Words{"restore", "f", "--server", "/s"},
           Words{"history", "verify", "--server", "/s"},
       }) {
    std::string line;
    for (const std::string& word : words) line += word + " ";
    INFO(line);
    CHECK(usage_error(words).starts_with("pawl: "));
  }
}

TEST_CASE("Help pages") {
  const auto help = [](const Words& words) {
    const ParsedArguments parsed = parse_arguments(words);
    CHECK(parsed.exit_code == ExitCode::kDone);
    CHECK(parsed.err.empty());
    return parsed.out;
  };
  check_golden("help.txt", help({"--help"}));
  CHECK(help({"help"}) == help({"-h"}));
  for (const std::string& command : kCommands) {
    const std::string page = help({command, "--help"});
    check_golden("help-" + command + ".txt", page);
    CHECK(page.find("\nExample:\n  pawl " + command) != std::string::npos);
    CHECK(help({"help", command}) == page);
    CHECK(help({command, "-h", "--nonsense"}) == page);
  }
  for (const Words& words : kNested) {
    const std::string page = help({words[0], words[1], "--help"});
    check_golden("help-" + words[0] + "-" + words[1] + ".txt", page);
    CHECK(page.find("\nExample:\n  pawl " + words[0] + " " + words[1]) != std::string::npos);
    CHECK(page.find("--config FILE") != std::string::npos);
    CHECK(help({"help", words[0], words[1]}) == page);
  }
  check_golden("help-pipeline.txt", help({"pipeline", "--help"}));
  check_golden("help-history.txt", help({"help", "history"}));
}
