// From a command line to an exit code: parse, run one command, turn an error into its message and
// code, and notice when nobody could read the result.
#include "cli/dispatch.h"

#include <cerrno>
#include <cstring>
#include <type_traits>
#include <variant>

#include "cli/arguments.h"
#include "cli/commands.h"

namespace pawl::cli {
namespace {

Result<ExitCode> execute_any(const CommandArguments& command, Context& context) {
  return std::visit(
      [&context](const auto& arguments) -> Result<ExitCode> {
        if constexpr (std::is_same_v<std::decay_t<decltype(arguments)>, AgentArguments>) {
          return Error{ErrorKind::kInternal, "the agent is not a command of the CLI", ""};
        } else {
          return execute(arguments, context);
        }
      },
      command);
}

// A result that nobody got is no success: a closed pipe ends quietly, as SIGPIPE would end others;
// a full disk says so.
ExitCode check_delivery(ExitCode code, Context& context) {
  context.out().flush();
  if (context.out().ok()) return code;
  if (context.out().error_number() == EPIPE) return ExitCode::kBrokenPipe;
  context.note(std::string("cannot write the output: ") +
               std::strerror(context.out().error_number()));
  return ExitCode::kFailed;
}

}  // namespace

int dispatch(const std::vector<std::string>& arguments, const CliEnvironment& environment,
             const CliHooks& hooks) {
  ParsedArguments parsed = parse_arguments(arguments);
  if (!parsed.invocation) {
    Output err(environment.err_fd, false, false);
    err.write(parsed.err);
    Context context(GlobalArguments{}, environment);
    context.out().write(parsed.out);
    return static_cast<int>(check_delivery(parsed.exit_code, context));
  }
  Context context(std::move(parsed.invocation->global), environment);
  if (std::holds_alternative<AgentArguments>(parsed.invocation->command)) {
    return hooks.run_agent(context.config_path());
  }
  Result<ExitCode> result = execute_any(parsed.invocation->command, context);
  if (!result) {
    context.note("error: " + result.error().text());
    result = exit_code(result.error().kind);
  }
  return static_cast<int>(check_delivery(*result, context));
}

}  // namespace pawl::cli
