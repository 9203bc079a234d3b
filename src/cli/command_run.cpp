#include "cli/commands.h"
#include "cli/run_start.h"
#include "cli/text.h"

namespace pawl::cli {

Result<ExitCode> execute(const RunArguments& arguments, Context& context) {
  Json params = Json::object();
  for (const auto& [name, value] : arguments.params) params.set(name, value);
  return start_run("/api/v1/pipelines/" + url_encode(arguments.pipeline) + "/runs",
                   Json::object().set("params", std::move(params)), arguments.start, context);
}

}  // namespace pawl::cli
