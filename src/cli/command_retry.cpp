#include "cli/commands.h"
#include "cli/run_start.h"

namespace pawl::cli {

Result<ExitCode> execute(const RetryArguments& arguments, Context& context) {
  return start_run("/api/v1/runs/" + arguments.run.text() + "/retry",
                   Json::object().set("failed", arguments.failed_only), arguments.start, context);
}

}  // namespace pawl::cli
