#include "cli/api_client.h"
#include "cli/commands.h"
#include "cli/history.h"
#include "cli/json_view.h"
#include "cli/run_watch.h"
#include "cli/text.h"

namespace pawl::cli {
namespace {

// Prints one attempt's output: as it is into a pipe, made harmless on a terminal. With
// `whole_lines`, what comes after starts on a line of its own.
Result<void> print_log(History& history, const LogQuery& query, bool whole_lines,
                       Context& context) {
  Output& out = context.out();
  LogEscaper escaper;
  bool line_open = false;
  const auto print = [&](std::string_view text) {
    if (!text.empty()) line_open = text.back() != '\n';
    out.write(text);
  };
  Result<void> result = history.log(query, [&](std::string_view piece) {
    if (out.is_terminal()) {
      print(escaper.feed(piece));
    } else {
      print(piece);
    }
    if (query.follow) out.flush();
    return out.ok();
  });
  if (out.is_terminal()) print(escaper.finish());
  if (line_open && whole_lines) out.write("\n");
  return result;
}

// Whether some of an attempt's output (0: the last's) is known to be missing.
bool is_incomplete(const Json& task, std::uint32_t attempt) {
  const Json::Array& attempts = task["attempts"].items();
  const std::size_t number = attempt == 0 ? attempts.size() : attempt;
  return number > 0 && number <= attempts.size() &&
         attempts[number - 1]["log_incomplete"].as_bool();
}

Result<ExitCode> print_all(const LogsArguments& arguments, const Json& run, History& history,
                           Context& context) {
  bool first = true;
  for (const Json* task : tasks_in_dag_order(run)) {
    const std::string& id = (*task)["id"].as_string();
    context.out().write((first ? "==> " : "\n==> ") + printable(id) + ": " +
                        printable((*task)["status"].as_string()) +
                        (is_incomplete(*task, 0) ? ", log incomplete" : "") + " <==\n");
    first = false;
    if ((*task)["attempts"].items().empty()) continue;
    PAWL_CHECK(print_log(history, {arguments.run, id, 0, false}, true, context));
  }
  return ExitCode::kDone;
}

// Ends with the run, whose success is not this command's.
Result<ExitCode> follow_all(RunId run, Context& context) {
  PAWL_TRY(const ServerAddress server, context.server());
  PAWL_TRY(ApiClient api, ApiClient::make(server.address));
  PAWL_TRY(const ExitCode watched, watch_run({run, true, std::nullopt}, api, context));
  return watched == ExitCode::kFailed ? ExitCode::kDone : watched;
}

const Json* find_task(const Json& run, const std::string& id) {
  for (const Json& task : run["tasks"].items()) {
    if (task["id"].as_string() == id) return &task;
  }
  return nullptr;
}

}  // namespace

Result<ExitCode> execute(const LogsArguments& arguments, Context& context) {
  PAWL_TRY(const std::unique_ptr<History> history, open_history(context));
  PAWL_TRY(const Json run, history->run(arguments.run));
  const bool follow = arguments.follow && history->is_live();
  if (arguments.task.empty()) {
    if (follow) return follow_all(arguments.run, context);
    return print_all(arguments, run, *history, context);
  }
  const Json* task = find_task(run, arguments.task);
  if (task == nullptr) {
    return Error{ErrorKind::kNotFound,
                 "run " + arguments.run.text() + " has no task '" + arguments.task +
                     "'; `pawl show " + arguments.run.text() + "` lists them",
                 ""};
  }
  const std::size_t attempts = (*task)["attempts"].items().size();
  if (arguments.attempt > attempts && !follow) {
    return Error{ErrorKind::kNotFound,
                 "task '" + arguments.task + "' has had " + std::to_string(attempts) +
                     " attempts, so no attempt " + std::to_string(arguments.attempt),
                 ""};
  }
  if (attempts == 0 && !follow) {
    context.note("task '" + arguments.task + "' has not started");
    return ExitCode::kDone;
  }
  const LogQuery query{arguments.run, arguments.task, arguments.attempt, follow};
  PAWL_CHECK(print_log(*history, query, context.out().is_terminal(), context));
  if (is_incomplete(*task, arguments.attempt)) {
    context.note("some of this output is known to be missing");
  }
  return ExitCode::kDone;
}

}  // namespace pawl::cli
