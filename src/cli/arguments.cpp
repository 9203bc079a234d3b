// CLI11 splits the line and knows what takes a value; every value is checked and converted here,
// since CLI11's conversions are laxer (0x10, 1_000) and its messages name C++ types.
#include "cli/arguments.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <functional>
#include <list>
#include <utility>

#include "base/spelling.h"
#include "base/time.h"
#include "cli/argument_values.h"
#include "cli/help.h"
#include "cli/text.h"
#include "model/states.h"

namespace pawl::cli {
namespace {

template <typename Enum, std::size_t... I>
std::vector<std::string> words(std::index_sequence<I...>) {
  return {std::string(to_string(static_cast<Enum>(I)))...};
}
template <typename Enum, int N>
std::vector<std::string> words() {
  return words<Enum>(std::make_index_sequence<static_cast<std::size_t>(N)>{});
}

// --- the parser ---

// What CLI11 writes into; made into an Invocation when the line was right.
struct Raw {
  std::string config, server, format = "table", name, task, status, trigger, since, limit, count,
                              attempt, timeout, key;
  std::vector<std::string> words, params;
  bool wait = false, follow = false, version = false, failed = false, replace = false,
       strict = false, migrate = false;
};

Format format_of(const Raw& raw) {
  if (raw.format == "json") return Format::kJson;
  return raw.format == "yaml" ? Format::kYaml : Format::kTable;
}

struct Parser {
  CLI::App app{"Runs pipelines from Git as containers on this host, and shows what they did."};
  Raw raw;
  struct Command {
    CLI::App* app;
    std::function<CommandArguments(const Raw&)> take;
  };
  std::list<Command> commands;

  CLI::App& add(const std::string& name, const std::string& description, const std::string& example,
                std::function<CommandArguments(const Raw&)> take) {
    return add_to(app, name, description, example, std::move(take));
  }
  CLI::App& add_to(CLI::App& parent, const std::string& name, const std::string& description,
                   const std::string& example, std::function<CommandArguments(const Raw&)> take) {
    CLI::App* command = parent.add_subcommand(name, description);
    command->footer("\nExample:\n  " + example + "\n");
    commands.push_back({command, std::move(take)});
    return *command;
  }
  // A word in front of commands of its own: `pawl pipeline show`.
  CLI::App& add_group(const std::string& name, const std::string& description) {
    CLI::App* group = app.add_subcommand(name, description);
    group->require_subcommand(1);
    group->footer("\n`pawl " + name + " COMMAND --help` shows a command's own options.\n");
    return *group;
  }
  void add_format(CLI::App& command) {
    command.add_option("-o", raw.format, "table (default), json or yaml")
        ->type_name("FORMAT")
        ->check(check_one_of({"table", "json", "yaml"}));
  }
};

void add_global_options(Parser& parser) {
  parser.app
      .add_option("--config", parser.raw.config, "The host's config, not /etc/pawl/pawl.yaml")
      ->type_name("FILE")
      ->check(check_word);
  parser.app
      .add_option("--server", parser.raw.server,
                  "The agent's unix socket or address; default: $PAWL_SERVER,\n"
                  "the config's http.socket, or /run/pawl/pawl.sock")
      ->type_name("ADDRESS")
      ->check(check_address);
  parser.app.set_help_flag("-h,--help", "Shows this");
}

void add_offline_commands(Parser& parser) {
  parser.add("agent", "Runs the agent until SIGTERM or SIGINT.",
             "pawl agent --config /etc/pawl/pawl.yaml",
             [](const Raw&) { return AgentArguments{}; });
  CLI::App& validate =
      parser.add("validate",
                 "Checks pipeline files without an agent.\n"
                 "Problems go to stderr as FILE:LINE:COLUMN: error: ...; the exit code is 1 if "
                 "there are any.\n"
                 "With --migrate prints one file of an older dialect in today's form.",
                 "pawl validate --strict pipelines/", [](const Raw& raw) {
                   return ValidateArguments{raw.words, raw.strict, raw.migrate, format_of(raw)};
                 });
  validate
      .add_option("PATH", parser.raw.words, "Files, or directories with *.yaml and *.yml files")
      ->required()
      ->check(check_word);
  validate.add_flag("--strict", parser.raw.strict, "Warnings give the exit code 1 as well");
  validate.add_flag("--migrate", parser.raw.migrate,
                    "Prints the file in today's form, comments kept");
  parser.add_format(validate);
}

StartArguments start_of(const Raw& raw) {
  StartArguments start{raw.wait, raw.follow, raw.key, std::nullopt};
  if (!raw.timeout.empty()) start.timeout_ms = parse_duration_ms(raw.timeout);
  return start;
}

void add_waiting(Parser& parser, CLI::App& command) {
  CLI::Option* wait = command.add_flag("--wait", parser.raw.wait, "Waits until the run has ended");
  command.add_flag("--follow", parser.raw.follow, "Waits, and shows the tasks' logs meanwhile")
      ->excludes(wait);
  command.add_option("--timeout", parser.raw.timeout, "Waits no longer than that; the run goes on")
      ->type_name("DURATION")
      ->check(check_duration);
  command
      .add_option("--idempotency-key", parser.raw.key,
                  "A second request with the same key finds the first run")
      ->type_name("KEY")
      ->check(check_key);
}

void add_run_command(Parser& parser) {
  CLI::App& run = parser.add(
      "run",
      "Starts a run of a pipeline and prints its number.\n"
      "With --wait or --follow the exit code is 0 if the run succeeds, 1 if not, 124 after "
      "--timeout.",
      "pawl run nightly-backup -p level=full --follow", [](const Raw& raw) {
        RunArguments arguments{raw.name, {}, start_of(raw)};
        for (const std::string& param : raw.params) {
          const std::size_t equals = param.find('=');
          arguments.params.emplace_back(param.substr(0, equals), param.substr(equals + 1));
        }
        return arguments;
      });
  run.add_option("NAME", parser.raw.name, "The pipeline")->required()->check(check_word);
  run.add_option("-p,--param", parser.raw.params, "A param's value; may be repeated")
      ->type_name("NAME=VALUE")
      ->allow_extra_args(false)
      ->check(check_param);
  add_waiting(parser, run);
}

void add_retry_command(Parser& parser) {
  CLI::App& retry =
      parser.add("retry",
                 "Starts a new run of what a run that has ended ran, and prints its number.\n"
                 "--wait and --follow as for `pawl run`.",
                 "pawl retry 42 --failed --follow", [](const Raw& raw) {
                   RetryArguments arguments{*RunId::parse(raw.name), raw.failed, {}};
                   arguments.start = start_of(raw);
                   return arguments;
                 });
  retry.add_option("RUN", parser.raw.name, "The run's number")->required()->check(check_run_id);
  retry.add_flag("--failed", parser.raw.failed,
                 "Only the tasks that did not succeed; the others keep their result");
  add_waiting(parser, retry);
}

void add_run_queries(Parser& parser) {
  CLI::App& runs = parser.add("runs", "Lists runs, newest first.",
                              "pawl runs --status failed --since 24h", [](const Raw& raw) {
                                RunsArguments arguments{raw.name,  raw.status, raw.trigger,
                                                        raw.since, 20,         format_of(raw)};
                                if (!raw.limit.empty())
                                  arguments.limit = *parse_count(raw.limit, limits::kCliRuns);
                                return arguments;
                              });
  runs.add_option("--pipeline", parser.raw.name, "Only of this pipeline")
      ->type_name("NAME")
      ->check(check_word);
  const auto statuses = words<Status, kStatusCount>();
  runs.add_option("--status", parser.raw.status, "Only " + joined(statuses))
      ->type_name("STATUS")
      ->check(check_one_of(statuses));
  const auto triggers = words<TriggerKind, kTriggerKindCount>();
  runs.add_option("--trigger", parser.raw.trigger, "Only by " + joined(triggers))
      ->type_name("KIND")
      ->check(check_one_of(triggers));
  runs.add_option("--since", parser.raw.since, "Only since then: 24h, 2026-03-29T01:00:00Z")
      ->type_name("TIME")
      ->check(check_since);
  runs.add_option("--limit", parser.raw.limit, "At most that many; default 20")
      ->type_name("N")
      ->check(check_count(limits::kCliRuns));
  parser.add_format(runs);

  CLI::App& show =
      parser.add("show", "Shows one run and its tasks.", "pawl show 42", [](const Raw& raw) {
        return ShowArguments{*RunId::parse(raw.name), format_of(raw)};
      });
  show.add_option("RUN", parser.raw.name, "The run's number")->required()->check(check_run_id);
  parser.add_format(show);
}

void add_run_actions(Parser& parser) {
  CLI::App& logs = parser.add(
      "logs", "Prints the output of a run's tasks.", "pawl logs 42 dump -f", [](const Raw& raw) {
        LogsArguments arguments{*RunId::parse(raw.name), raw.task, raw.follow, 0};
        if (!raw.attempt.empty()) {
          arguments.attempt = *parse_count(raw.attempt, limits::kRetries + 1);
        }
        return arguments;
      });
  logs.add_option("RUN", parser.raw.name, "The run's number")->required()->check(check_run_id);
  logs.add_option("TASK", parser.raw.task, "The task's id; all tasks without it")
      ->check(check_word);
  logs.add_flag("-f,--follow", parser.raw.follow, "Goes on until the run has ended");
  logs.add_option("--attempt", parser.raw.attempt, "Of that attempt, not the last")
      ->type_name("N")
      ->check(check_count(limits::kRetries + 1));

  CLI::App& cancel =
      parser.add("cancel", "Asks for a run to be cancelled.", "pawl cancel 42",
                 [](const Raw& raw) { return CancelArguments{*RunId::parse(raw.name)}; });
  cancel.add_option("RUN", parser.raw.name, "The run's number")->required()->check(check_run_id);
}

void add_source_commands(Parser& parser) {
  CLI::App& pipelines =
      parser.add("pipelines", "Lists the pipelines in force.", "pawl pipelines -o json",
                 [](const Raw& raw) { return PipelinesArguments{format_of(raw)}; });
  parser.add_format(pipelines);
  CLI::App& sources = parser.add(
      "sources", "Lists the Git sources, their last pull and the problems of their files.",
      "pawl sources", [](const Raw& raw) { return SourcesArguments{format_of(raw)}; });
  parser.add_format(sources);
  CLI::App& sync =
      parser.add("sync", "Pulls sources now.", "pawl sync fleet --wait", [](const Raw& raw) {
        return SyncArguments{raw.name, raw.wait, format_of(raw)};
      });
  sync.add_option("NAME", parser.raw.name, "The source; all without it")->check(check_word);
  sync.add_flag("--wait", parser.raw.wait,
                "Waits for the pull; exit code 1 if it brought problems");
  parser.add_format(sync);
}

void add_pipeline_commands(Parser& parser) {
  CLI::App& group =
      parser.add_group("pipeline", "Shows or explains one pipeline, suspends it or lets it go on.");
  CLI::App& show = parser.add_to(group, "show", "Shows one pipeline and its tasks.",
                                 "pawl pipeline show nightly-backup", [](const Raw& raw) {
                                   return PipelineShowArguments{raw.name, format_of(raw)};
                                 });
  CLI::App& explain =
      parser.add_to(group, "explain",
                    "Explains why a pipeline runs on this host or does not, and when.\n"
                    "Also in which order and within which bounds its tasks run, what the host's "
                    "policy has against\n"
                    "it, and the ticks around the next change of its clocks.",
                    "pawl pipeline explain nightly-backup", [](const Raw& raw) {
                      return PipelineExplainArguments{raw.name, format_of(raw)};
                    });
  CLI::App& suspend =
      parser.add_to(group, "suspend",
                    "Keeps a pipeline's triggers from running it, until `pawl pipeline resume`.\n"
                    "`pawl run` still starts one.",
                    "pawl pipeline suspend nightly-backup", [](const Raw& raw) {
                      return PipelineSuspendArguments{raw.name, true};
                    });
  CLI::App& resume = parser.add_to(group, "resume",
                                   "Lets a suspended pipeline's triggers run it again.\n"
                                   "Its schedule starts from now: nothing is caught up.",
                                   "pawl pipeline resume nightly-backup", [](const Raw& raw) {
                                     return PipelineSuspendArguments{raw.name, false};
                                   });
  for (CLI::App* command : {&show, &explain, &suspend, &resume}) {
    command->add_option("NAME", parser.raw.name, "The pipeline")->required()->check(check_word);
  }
  parser.add_format(show);
  parser.add_format(explain);
}

void add_state_commands(Parser& parser) {
  CLI::App& backup = parser.add(
      "backup", "Copies this host's history into a new file, whether an agent runs or not.",
      "pawl backup /srv/backup/pawl.backup", [](const Raw& raw) {
        return BackupArguments{raw.name, format_of(raw)};
      });
  backup.add_option("FILE", parser.raw.name, "The file to write; it must not exist")
      ->required()
      ->check(check_word);
  parser.add_format(backup);
  CLI::App& restore = parser.add("restore", "Makes a backup this host's history. No agent may run.",
                                 "pawl restore /srv/backup/pawl.backup", [](const Raw& raw) {
                                   return RestoreArguments{raw.name, raw.replace, format_of(raw)};
                                 });
  restore.add_option("FILE", parser.raw.name, "A file that `pawl backup` wrote")
      ->required()
      ->check(check_word);
  restore.add_flag("--replace", parser.raw.replace,
                   "Also where there is a history; it is set aside, not deleted");
  parser.add_format(restore);
  CLI::App& group = parser.add_group("history", "Checks the history of this host.");
  CLI::App& verify = parser.add_to(
      group, "verify",
      "Checks that no finished run and no action of the history was altered or is missing.\n"
      "Names the first that was; the exit code is then 1.",
      "pawl history verify", [](const Raw& raw) { return VerifyArguments{format_of(raw)}; });
  parser.add_format(verify);
}

void add_agent_queries(Parser& parser) {
  CLI::App& status = parser.add("status", "Shows how the agent and its engine are.", "pawl status",
                                [](const Raw& raw) { return StatusArguments{format_of(raw)}; });
  parser.add_format(status);
  CLI::App& next = parser.add("next", "Lists what cron triggers will start next.",
                              "pawl next --count 20", [](const Raw& raw) {
                                NextArguments arguments{raw.name, 10, format_of(raw)};
                                if (!raw.count.empty())
                                  arguments.count = *parse_count(raw.count, limits::kScheduleTicks);
                                return arguments;
                              });
  next.add_option("--count", parser.raw.count, "That many; default 10")
      ->type_name("N")
      ->check(check_count(limits::kScheduleTicks));
  next.add_option("--pipeline", parser.raw.name, "Only of this pipeline")
      ->type_name("NAME")
      ->check(check_word);
  parser.add_format(next);
  CLI::App& version = parser.add("version", "Prints the version.", "pawl version",
                                 [](const Raw& raw) { return VersionArguments{format_of(raw)}; });
  parser.add_format(version);
}

ParsedArguments usage_error(const std::string& message, const CLI::App* command) {
  const std::string path = command == nullptr ? "pawl" : command_path(*command);
  return {std::nullopt, ExitCode::kUsage, "",
          "pawl: " + printable(message) + "\nSee `" + path + " --help`.\n"};
}

std::vector<std::string> commands_of(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* each : app.get_subcommands([](const CLI::App*) { return true; })) {
    if (!each->get_name().empty()) names.push_back(each->get_name());
  }
  return names;
}

// The innermost command that was named; nothing where there was none.
const CLI::App* named_command(const CLI::App& app) {
  const CLI::App* command = &app;
  while (!command->get_subcommands().empty()) command = command->get_subcommands().front();
  return command == &app ? nullptr : command;
}

// What to say of an argument that nothing takes.
std::string unexpected(const Parser& parser, const CLI::App* command, const std::string& word) {
  const bool wants_command = command == nullptr || !commands_of(*command).empty();
  std::vector<std::string> candidates;
  const bool is_option = word.size() > 1 && word.starts_with('-');
  if (is_option) {
    for (const CLI::App* app : {command, &parser.app}) {
      if (app == nullptr) continue;
      for (const CLI::Option* option : app->get_options()) {
        for (const std::string& name : option->get_lnames()) candidates.push_back("--" + name);
      }
    }
  } else if (wants_command) {
    candidates = commands_of(command == nullptr ? parser.app : *command);
  }
  std::string message = is_option       ? "unknown option '"
                        : wants_command ? "unknown command '"
                                        : "one argument too many: '";
  if (!is_option && command != nullptr && wants_command) message += command->get_name() + " ";
  message += word + "'";
  const std::vector<std::string_view> names(candidates.begin(), candidates.end());
  return message + did_you_mean(std::string_view(word).substr(0, word.find('=')), names);
}

// CLI11 starts its messages with the option's name and ": ", and some with a capital.
ParsedArguments explain(const Parser& parser, const CLI::App* command,
                        const CLI::ParseError& error) {
  const std::vector<std::string> extras = parser.app.remaining(true);
  // A group that lacks its command: what stands there was meant to be it.
  const bool lacks_command = command != nullptr && !commands_of(*command).empty() &&
                             dynamic_cast<const CLI::RequiredError*>(&error) != nullptr;
  const bool is_extra = dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr;
  if ((is_extra || lacks_command) && !extras.empty()) {
    return usage_error(unexpected(parser, command, extras.front()), command);
  }
  if (lacks_command) {
    return usage_error(
        "`" + command_path(*command) + "` needs one of " + joined(commands_of(*command)), command);
  }
  return usage_error(error.what(), command);
}

// What works on the host's own files, whoever the agent is.
bool is_local(const CommandArguments& command) {
  return std::holds_alternative<BackupArguments>(command) ||
         std::holds_alternative<RestoreArguments>(command) ||
         std::holds_alternative<VerifyArguments>(command);
}

std::string check_start(const StartArguments& start) {
  if (start.timeout_ms && !start.wait && !start.follow) return "--timeout needs --wait or --follow";
  return "";
}

// What one option alone cannot know.
std::string check_together(const Invocation& invocation) {
  if (const auto* run = std::get_if<RunArguments>(&invocation.command)) {
    if (const std::string problem = check_start(run->start); !problem.empty()) return problem;
    for (std::size_t i = 0; i < run->params.size(); ++i) {
      for (std::size_t j = 0; j < i; ++j) {
        if (run->params[i].first == run->params[j].first) {
          return "param '" + run->params[i].first + "' is given twice";
        }
      }
    }
  }
  if (const auto* validate = std::get_if<ValidateArguments>(&invocation.command)) {
    if (validate->migrate &&
        (validate->paths.size() != 1 || validate->strict || validate->format != Format::kTable)) {
      return "--migrate takes one file, and neither --strict nor -o";
    }
  }
  if (const auto* retry = std::get_if<RetryArguments>(&invocation.command)) {
    return check_start(retry->start);
  }
  if (is_local(invocation.command) && invocation.global.server) {
    return "--server has no meaning here: this works on the state directory of this host";
  }
  if (const auto* logs = std::get_if<LogsArguments>(&invocation.command)) {
    if (logs->attempt != 0 && logs->task.empty()) return "--attempt needs a TASK";
  }
  return "";
}

// `pawl help X` is what many try first.
std::vector<std::string> without_help_verb(std::vector<std::string> arguments) {
  if (arguments.empty() || arguments.front() != "help") return arguments;
  arguments.erase(arguments.begin());
  arguments.emplace_back("--help");
  return arguments;
}

}  // namespace

std::optional<std::string> normalize_address(std::string_view text) {
  constexpr std::string_view kUnix = "unix://";
  constexpr std::string_view kHttp = "http://";
  if (text.starts_with('/')) return std::string(kUnix).append(text);
  if (text.starts_with(kUnix)) {
    if (!text.substr(kUnix.size()).starts_with('/')) return std::nullopt;
    return std::string(text);
  }
  std::string_view authority = text.starts_with(kHttp) ? text.substr(kHttp.size()) : text;
  if (authority.ends_with('/')) authority.remove_suffix(1);
  const std::size_t colon = authority.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return std::nullopt;
  if (!parse_count(authority.substr(colon + 1), 65'535)) return std::nullopt;
  if (authority.find_first_of("/@?# ") != std::string_view::npos) return std::nullopt;
  return std::string(kHttp).append(authority);
}

ParsedArguments parse_arguments(const std::vector<std::string>& arguments) {
  Parser parser;
  CLI::App& app = parser.app;
  app.formatter_fn(
      [](const CLI::App* which, std::string, CLI::AppFormatMode) { return make_help(*which); });
  app.require_subcommand(0, 1);
  app.fallthrough();
  add_global_options(parser);
  app.add_flag("--version", parser.raw.version, "Prints the version");
  app.footer("\n`pawl COMMAND --help` shows a command's own options.\n");
  add_offline_commands(parser);
  add_run_command(parser);
  add_retry_command(parser);
  add_run_queries(parser);
  add_run_actions(parser);
  add_source_commands(parser);
  add_pipeline_commands(parser);
  add_agent_queries(parser);
  add_state_commands(parser);

  const auto chosen = [&]() -> const Parser::Command* {
    for (const Parser::Command& each : parser.commands) {
      if (each.app->parsed()) return &each;
    }
    return nullptr;
  };
  const auto named = [&] { return named_command(app); };
  try {
    std::vector<std::string> reversed = without_help_verb(arguments);
    std::reverse(reversed.begin(), reversed.end());  // CLI11 takes them from the back
    app.parse(std::move(reversed));
  } catch (const CLI::CallForHelp&) {
    return {std::nullopt, ExitCode::kDone, make_help(named() ? *named() : app), ""};
  } catch (const CLI::ParseError& error) {
    return explain(parser, named(), error);
  }
  Invocation invocation;
  if (!parser.raw.config.empty()) invocation.global.config_path = parser.raw.config;
  if (!parser.raw.server.empty()) invocation.global.server = parser.raw.server;
  if (const Parser::Command* command = chosen()) {
    invocation.command = command->take(parser.raw);
  } else if (parser.raw.version) {
    invocation.command = VersionArguments{};
  } else {
    return {std::nullopt, ExitCode::kUsage, "", make_help(app)};
  }
  const std::string problem = check_together(invocation);
  if (!problem.empty()) return usage_error(problem, named());
  return {std::move(invocation), ExitCode::kDone, "", ""};
}

}  // namespace pawl::cli
