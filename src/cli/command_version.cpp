#include "base/version.h"
#include "cli/commands.h"

namespace pawl::cli {

Result<ExitCode> execute(const VersionArguments& arguments, Context& context) {
  if (arguments.format != Format::kTable) {
    context.print(Json::object().set("version", kVersion), arguments.format);
  } else {
    context.out().write(std::string("pawl ") + kVersion + "\n");
  }
  return ExitCode::kDone;
}

}  // namespace pawl::cli
